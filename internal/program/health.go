package program

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// healthTimeout is what a program has to answer a health check in.
const healthTimeout = 2 * time.Second

// ProbeAgent is the User-Agent of every probe that an app of somebody else's
// gets from the system, so that its log can leave them out.
const ProbeAgent = "deux-health/1"

// CheckHealth returns nil if a GET of url is answered with 200 within two
// seconds, and otherwise why it is not. Docker's health checks run a program
// for it in images that have no shell.
func CheckHealth(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return nil
}
