package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"deux/internal/deploy"
	"deux/internal/infrastructure"
	"deux/internal/program"
	"deux/internal/proxy"
	"deux/internal/settings"
	"deux/internal/stream"
	"deux/internal/webapp"
)

// runCheck reads the settings of all programs as make up hands them on, and
// says what is wrong with them: a bad one is to be found before anything that
// runs is replaced.
func runCheck(environment func(string) string, complaints io.Writer) error {
	lines := check(environment)
	if len(lines) == 0 {
		return nil
	}
	fmt.Fprintf(complaints, "%s\nNothing was changed. Settings are in the environment and in .env (docs/settings.md)\n",
		strings.Join(lines, "\n"))
	return program.ErrReported
}

// inside are settings of programs in containers that docker-compose.yml does
// not hand on from the host, where they may mean something else.
var inside = []string{"PORT", "ADMIN_PORT", "SERVICE", "CONNECT_TIMEOUT", "SHUTDOWN_TIMEOUT", "start_port", "WRITER_ADDR",
	"DATA_DIR", "KEEP_BYTES", "READ_TIMEOUT", "MAX_STREAM_BYTES"}

// check returns a line for each bad setting.
func check(environment func(string) string) []string {
	env := settings.From(func(name string) string {
		if slices.Contains(inside, name) {
			return ""
		}
		return environment(name)
	})
	lines := checkPorts(env, lowestPort())
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
	return slices.Compact(lines)
}
