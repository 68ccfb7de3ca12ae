package webapp

import (
	"log/slog"
	"sync/atomic"
)

// outage logs when Redis stops answering and when it answers again, and
// nothing for the requests between.
type outage struct {
	log *slog.Logger
	on  atomic.Bool
}

func (o *outage) begin(err error) {
	if o.on.CompareAndSwap(false, true) {
		o.log.Error("Redis fails", "error", err)
	}
}

func (o *outage) end() {
	if o.on.CompareAndSwap(true, false) {
		o.log.Info("Redis answers again")
	}
}
