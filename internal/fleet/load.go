package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Load is what a proxy did in one second: an element of its pool's journal
// (webLoad, blueLoad, greenLoad), JSON in one line. Times are milliseconds to the
// end of an answer, or to its head if it is a stream or a tunnel.
type Load struct {
	At       time.Time             `json:"at"` // when the second ended
	Requests int                   `json:"requests"`
	InFlight int                   `json:"inFlight"`           // at its end
	Statuses map[string]int        `json:"statuses,omitempty"` // answers by class: 2xx, 5xx
	P50      float64               `json:"p50"`                // accurate to an eighth
	P99      float64               `json:"p99"`
	Servers  map[string]ServerLoad `json:"servers,omitempty"` // by URL, those that had requests or have some in flight
}

// ServerLoad is one server's part of a Load.
type ServerLoad struct {
	Requests int     `json:"requests"`
	Errors   int     `json:"errors,omitempty"` // answers of 500 and above
	InFlight int     `json:"inFlight"`
	P95      float64 `json:"p95"`
}

// LoadPause is the longest time between two entries while a request is in flight.
// Without one, and without news, there are none.
const LoadPause = 4 * time.Second

// loadLength is how many seconds of load are kept: five minutes.
const loadLength = 300

// RecordLoad adds a second to the pool's journal of load.
func (r *Rotation) RecordLoad(ctx context.Context, load Load) error {
	element, err := json.Marshal(load)
	if err != nil {
		return fmt.Errorf("recording the load of %s: %w", r.pool, err)
	}
	_, err = r.fleet.client.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.LPush(ctx, r.load, element)
		tx.LTrim(ctx, r.load, 0, loadLength-1)
		return nil
	})
	if err != nil {
		return fmt.Errorf("recording the load of %s: %w", r.pool, err)
	}
	return nil
}
