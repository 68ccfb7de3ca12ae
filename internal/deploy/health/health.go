// Package health finds out whether a release is healthy, and why one is not.
package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"deux/internal/engine"
	"deux/internal/program"
)

// Pauses between two looks at a starting container.
const (
	firstPause = 10 * time.Millisecond
	maxPause   = 250 * time.Millisecond
)

// answerTimeout is what an app has to answer one look in.
const answerTimeout = 10 * time.Second

// Docker is what is asked about a container.
type Docker interface {
	State(ctx context.Context, id string) (engine.State, error)
	Exec(ctx context.Context, id string, command []string) (code int, output string, err error)
	MemoryKills(ctx context.Context, id string, since time.Time) (last time.Time, kills int)
}

// Candidate is a container that should become healthy.
type Candidate struct {
	ID   string
	URL  string // where its port is published
	Port int    // in the container
}

// ErrLate means that a candidate was not healthy in time.
var ErrLate = errors.New("not healthy within")

// Wait returns nil once the candidate is healthy, ErrLate with the reason of the
// last look if it was not in time, and what Ended says if it has ended.
func Wait(ctx context.Context, docker Docker, candidate Candidate, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	last := errors.New("no check was made")
	for range program.Pauses(ctx, firstPause, maxPause) {
		state, err := docker.State(ctx, candidate.ID)
		if err == nil && !state.Running {
			return Ended(state)
		}
		if err == nil {
			err = look(ctx, docker, candidate, state.Check)
		}
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
	}
	return fmt.Errorf("%w %v: %w", ErrLate, timeout, last)
}

// look makes one check: the image's own HEALTHCHECK, which Docker would first
// run only after its interval, half a minute by default, or, without one, a
// request over HTTP.
func look(ctx context.Context, docker Docker, candidate Candidate, command []string) error {
	if command == nil {
		return Answers(ctx, candidate.URL, candidate.Port)
	}
	code, output, err := docker.Exec(ctx, candidate.ID, command)
	if err == nil && code != 0 {
		err = &CheckError{code, strings.Join(strings.Fields(output), " ")}
	}
	return err
}

// CheckError is the failure of an image's own HEALTHCHECK.
type CheckError struct {
	code   int
	output string // on one line
}

// Error says how the check ended and what it printed.
func (e *CheckError) Error() string { return e.WithoutOutput() + ": " + e.output }

// WithoutOutput says the same without what the check printed, which may be
// anything, even a secret.
func (e *CheckError) WithoutOutput() string {
	return fmt.Sprintf("the image's HEALTHCHECK exits with %d", e.code)
}

// Answers returns nil if GET / at url is answered with a status below 500. The
// error names the port in the container.
func Answers(ctx context.Context, url string, port int) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	status, err := program.Probe(ctx, url+"/")
	if err != nil {
		return &AnswerError{port, err}
	}
	if status >= http.StatusInternalServerError {
		return fmt.Errorf("GET / answers %s", program.StatusText(status))
	}
	return nil
}

// AnswerError is the failure to get an answer over HTTP.
type AnswerError struct {
	port int // in the container
	err  error
}

// Error says why. If the app answered something other than HTTP, that quotes it.
func (e *AnswerError) Error() string { return e.because(e.err.Error()) }

// WithoutOutput says the same without what the app answered, which may be
// anything, even a secret.
func (e *AnswerError) WithoutOutput() string {
	if e.isOfTheConnection() {
		return e.Error()
	}
	return e.because("what comes back is not HTTP")
}

// Unwrap returns why the request failed.
func (e *AnswerError) Unwrap() error { return e.err }

func (e *AnswerError) because(why string) string {
	return fmt.Sprintf("no answer on port %d of the container (does the app listen there, on all addresses?): %s", e.port, why)
}

// isOfTheConnection reports whether the request failed before anything was
// answered, or because the answer did not come or end.
func (e *AnswerError) isOfTheConnection() bool {
	failure, isNet := errors.AsType[net.Error](e.err)
	return isNet && failure.Timeout() || errors.As(e.err, new(*net.OpError)) ||
		errors.Is(e.err, io.EOF) || errors.Is(e.err, io.ErrUnexpectedEOF) || errors.Is(e.err, context.Canceled)
}
