package stream

import (
	"context"
	"fmt"
	"time"
)

const (
	healthTimeout = 2 * time.Second
	healthBytes   = 1 << 20 // what a writer can be set to keep, in socat's form
)

// CheckWriter returns nil if the writer on this host sends its text, else why
// it does not. Docker's health checks need it in images without a shell.
func CheckWriter(ctx context.Context, port int) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	if _, err := readToEnd(ctx, address, healthBytes); err != nil {
		return fmt.Errorf("reading from %s: %w", address, err)
	}
	return nil
}
