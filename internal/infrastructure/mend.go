package infrastructure

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ifListed returns a repair that is done only if the release still has the
// requests: deploy takes a release off the list before it stops it.
func (a *app) ifListed(name string, repair func(context.Context) error) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		still, err := a.stillListed(ctx)
		if err != nil || !still {
			return false, err
		}
		a.log.Info(name+" the app", "server", a.server.URL, "repairs", a.repairs+1)
		return true, repair(ctx)
	}
}

// stillListed asks the list itself: a sight may be older than a switch.
func (a *app) stillListed(ctx context.Context) (bool, error) {
	lists, err := a.fleet.Lists(ctx)
	if err != nil {
		return false, err
	}
	now, _ := lists.App(a.colour)
	return now.Server == a.server, nil
}

// ifItHangs returns a repair for an app that has not answered promptly. It is
// done if nothing answers for HANG_TIMEOUT; an app that is only slow is left
// alone.
func (a *app) ifItHangs(repair func(context.Context) error) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		if a.answersAtAll(ctx) || ctx.Err() != nil {
			return false, nil
		}
		return a.ifListed("Restarting", repair)(ctx)
	}
}

// askPause is between two probes of an app that has not answered the first.
const askPause = 2 * time.Second

// answersAtAll reports whether anything comes within HANG_TIMEOUT, even the end
// of the connection. It keeps asking, because one of an app's workers may hang
// while another answers.
func (a *app) answersAtAll(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, a.config.HangTimeout)
	defer cancel()
	answered := make(chan struct{}, 1)
	for {
		go func() {
			if _, err := a.ask(ctx, a.server); err == nil || !timedOut(err) && ctx.Err() == nil {
				select {
				case answered <- struct{}{}:
				default:
				}
			}
		}()
		select {
		case <-answered:
			return true
		case <-ctx.Done():
			return false
		case <-time.After(askPause):
		}
	}
}

// bringBack has bin/deploy run the release again, if the list has not changed
// since. bin/deploy has the last word, under the lock that a push holds.
func (a *app) bringBack(ctx context.Context) (bool, error) {
	if still, err := a.stillListed(ctx); err != nil || !still {
		return false, err
	}
	a.log.Info("Having bin/deploy bring the app back", "repairs", a.repairs+1)
	return true, a.heal(ctx, a.colour)
}

// healer runs bin/deploy heal.
type healer struct {
	root      string
	deployDir string
	log       *slog.Logger
}

const (
	// healTimeout is longer than a push holds the lock, or a build takes.
	healTimeout = 30 * time.Minute
	healDelay   = 10 * time.Second // from SIGTERM to SIGKILL
	reasonLines = 3                // of its output, as the reason for a failure
)

// heal returns when the colour runs what it should, or why it does not.
func (h healer) heal(ctx context.Context, colour string) error {
	ctx, cancel := context.WithTimeout(ctx, healTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(h.root, "bin", "deploy"), "heal", colour)
	command.Env = append(os.Environ(), "DEPLOY_DIR="+h.deployDir)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = healDelay
	output, err := command.CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	last := strings.Join(lines[max(0, len(lines)-reasonLines):], " | ")
	if err != nil {
		return fmt.Errorf("bin/deploy heal %s: %w: %s", colour, err, last)
	}
	h.log.Info("bin/deploy is done", "colour", colour, "said", last)
	return nil
}
