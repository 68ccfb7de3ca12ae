package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"deux/internal/deploy"
	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/infrastructure"
	"deux/internal/settings"
	"deux/internal/status"
)

// What status can wait for.
const (
	healthy = "--wait"
	renewed = "--renewed"
)

// readPatience reads what to wait for with the seconds, or nothing, which is 0,
// and reports whether it is one of these.
func readPatience(arguments []string) (what string, patience time.Duration, ok bool) {
	if len(arguments) == 0 {
		return "", 0, true
	}
	if len(arguments) != 2 || arguments[0] != healthy && arguments[0] != renewed {
		return "", 0, false
	}
	seconds, err := strconv.Atoi(arguments[1])
	return arguments[0], time.Duration(seconds) * time.Second, err == nil && seconds > 0
}

// runStatus shows how the system is, or waits for what it is told.
func runStatus(ctx context.Context, what string, patience time.Duration) error {
	config, err := infrastructure.ReadConfig(settings.FromEnvironment())
	if err != nil {
		return err
	}
	docker, err := engine.Open(config.Fleet)
	if err != nil {
		return err
	}
	defer docker.Close()
	lists := fleet.Open(config.Redis, config.Site)
	defer lists.Close()
	host := &status.Host{
		Docker: docker,
		Runs:   func() bool { return infrastructure.Runs(config.LockFile) },
		Since:  func() time.Time { return infrastructure.Since(config.LockFile) },
		Log:    filepath.Join(config.Var, "infrastructure.log"),
	}
	system := status.New(lists, host)
	switch what {
	case healthy:
		return system.Wait(ctx, patience, os.Stdout)
	case renewed:
		return system.Renewed(ctx, patience, os.Stdout)
	}
	return system.Show(ctx, deploy.Width(os.Stdout), os.Stdout)
}
