package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"deux/internal/deploy"
	"deux/internal/engine"
	"deux/internal/fleet"
	"deux/internal/infrastructure"
	"deux/internal/preflight"
	"deux/internal/program"
	"deux/internal/proxy"
	"deux/internal/settings"
	"deux/internal/stream"
	"deux/internal/supervisor"
	"deux/internal/webapp"
)

// runCheck reads the settings of all programs as make up hands them on, and
// says what is wrong with them, or in the way of what is to be started: these
// services, or all. It is to be found before anything that runs is replaced.
func runCheck(ctx context.Context, services []string, complaints io.Writer) error {
	env, lines := check(os.Getenv)
	for _, warning := range warnings(known(env)) {
		fmt.Fprintln(complaints, warning)
	}
	if len(lines) == 0 {
		lines = checkHost(ctx, env, services)
	}
	if len(lines) == 0 {
		return nil
	}
	fmt.Fprintf(complaints, "%s\nNothing was changed. Settings are in the environment and in .env (docs/settings.md)\n",
		strings.Join(lines, "\n"))
	return program.ErrReported
}

// areServices reports whether all names are those of Compose's services that
// listen on the host.
func areServices(names []string) bool {
	claims := preflight.Claims(settings.From(func(string) string { return "" }))
	return !slices.ContainsFunc(names, func(name string) bool {
		return name == "" || !slices.ContainsFunc(claims, func(claim preflight.Claim) bool { return claim.Service == name })
	})
}

// inside are settings of programs in containers that docker-compose.yml does
// not hand on from the host, where they may mean something else.
var inside = []string{"PORT", "ADMIN_PORT", "SERVICE", "start_port", "WRITER_ADDR", "DATA_DIR"}

// check reads every setting and returns a line for each bad one.
func check(environment func(string) string) (env *settings.Reader, lines []string) {
	env = settings.From(func(name string) string {
		if slices.Contains(inside, name) {
			return ""
		}
		return environment(name)
	})
	lines = preflight.CheckClaims(preflight.Claims(env), preflight.Machine{}.LowestPort())
	checkLimits(env)
	// env remembers what each found bad.
	_, _ = program.ReadLogFormat(env)
	_, _ = webapp.ReadConfig(env)
	_, _ = proxy.ReadConfig(env)
	_, _ = stream.ReadWriterConfig(env)
	_, _ = stream.ReadReaderConfig(env)
	_, _ = infrastructure.ReadConfig(env)
	_, _ = deploy.ReadConfig(env, "deploy")
	if err := env.Err(); err != nil {
		lines = append(lines, strings.Split(err.Error(), "\n")...)
	}
	slices.Sort(lines) // several programs read FIRST_PORT
	return env, slices.Compact(lines)
}

// hostTimeout is how long Docker and Redis have to answer: where they do not,
// make up is what to try.
const hostTimeout = 10 * time.Second

// checkHost returns a line for each thing on this host that is in the way of
// good settings.
func checkHost(ctx context.Context, env *settings.Reader, services []string) []string {
	ctx, cancel := context.WithTimeout(ctx, hostTimeout)
	defer cancel()
	config, _ := deploy.ReadConfig(env, "deploy")
	if err := config.CheckOwner(); err != nil {
		return []string{err.Error()}
	}
	_, _, lockFile := infrastructure.Places(env)
	if lines := checkCheckout(config.Fleet, lockFile); len(lines) > 0 {
		return lines
	}
	docker, err := engine.Open(config.Fleet)
	if err != nil {
		return []string{err.Error()}
	}
	defer docker.Close()
	lists := fleet.Open(config.Redis, fleet.ReadSite(env))
	defer lists.Close()
	host := preflight.Host{Docker: docker, Kernel: preflight.Machine{}, Lists: lists, Site: lists.Site, Polls: infrastructure.Runs(lockFile)}
	lines := host.Check(ctx, preflight.Claims(env), services...)
	if len(lines) > 0 && program.Sleep(ctx, startPause) {
		lines = host.Check(ctx, preflight.Claims(env), services...)
	}
	return lines
}

// checkCheckout returns a line if the system runs from another checkout, whose
// infrastructure would go on beside the containers of this one.
func checkCheckout(name, lockFile string) []string {
	executable, err := os.Executable()
	if err != nil {
		return nil
	}
	if other := supervisor.Elsewhere(lockFile, executable); other != "" {
		return []string{fmt.Sprintf("setting FLEET=%s: infrastructure of this system runs from %s", name, other)}
	}
	return nil
}

// startPause is how long after a first look a second one decides: a container
// that Docker is just starting has its ports before Docker says that it runs.
const startPause = time.Second
