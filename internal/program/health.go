package program

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// healthTimeout is how long a program may take to answer a health check.
const healthTimeout = 2 * time.Second

// ProbeAgent is the User-Agent of the system's probes of deployed apps, so that
// an app's log can leave them out.
const ProbeAgent = "deux-health/1"

// prober opens a connection for each probe, because a kept one would hold up a
// stopping server, and takes a redirection as the answer.
var prober = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Probe returns the status of the answer to a GET of url, or why there is none
// before ctx ends.
func Probe(ctx context.Context, url string) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("User-Agent", ProbeAgent)
	response, err := prober.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<10))
	return response.StatusCode, nil
}

// StatusText returns a status as an answer has it: 503 Service Unavailable.
func StatusText(status int) string { return fmt.Sprintf("%d %s", status, http.StatusText(status)) }

// CheckHealth returns nil if a GET of url is answered with 200 within two
// seconds, else why it is not. Docker's health checks run a program for it in
// images without a shell.
func CheckHealth(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	status, err := Probe(ctx, url)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s answered %s", url, StatusText(status))
	}
	return err
}
