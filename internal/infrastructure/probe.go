package infrastructure

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"deux/internal/fleet"
	"deux/internal/program"
)

// probeTimeout is how long a server may take to answer one probe.
const probeTimeout = 2 * time.Second

// prober opens a connection for each probe: one that is kept alive would be in
// a stopping server's way.
var prober = &http.Client{
	Timeout:   probeTimeout,
	Transport: &http.Transport{DisableKeepAlives: true},
}

// probe returns nil when the server answers GET /healthz with 200.
func probe(ctx context.Context, server fleet.Server) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := prober.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<10))
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s/healthz answers %s", server.URL, response.Status)
	}
	return nil
}

// Pauses between two probes of a server that starts.
const (
	firstProbePause = 10 * time.Millisecond
	maxProbePause   = 250 * time.Millisecond
)

// waitForAnswer probes until the server answers or the start timeout is over.
func (p *Poller) waitForAnswer(ctx context.Context, server fleet.Server) error {
	ctx, cancel := context.WithTimeout(ctx, p.config.StartTimeout)
	defer cancel()
	for pause := firstProbePause; ; pause = min(2*pause, maxProbePause) {
		err := p.probe(ctx, server)
		if err == nil {
			return nil
		}
		if !program.Sleep(ctx, pause) {
			return fmt.Errorf("no answer within %v: %w", p.config.StartTimeout, err)
		}
	}
}
