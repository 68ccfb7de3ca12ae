package infrastructure

import (
	"os"
	"path/filepath"
	"strings"

	"deux/internal/fleet"
	"deux/internal/program"
)

// renewal is the last server that was taken out of rotation to be started again.
// A file has it too, URL VERSION, for the next poller: after a renewal that
// failed no other is to begin, whichever process it was.
type renewal struct {
	server fleet.Server
	failed string // the version at which it was found in failedServers
}

// renewalFile is in VAR.
const renewalFile = "renewal"

// lastRenewal reads what the last poller remembered. Without anything that can
// be read, the server is none.
func lastRenewal(config Config) (last renewal) {
	content, _ := os.ReadFile(filepath.Join(config.Var, renewalFile))
	element, version, _ := strings.Cut(strings.TrimSpace(string(content)), " ")
	if server, err := config.Site.Parse(element); err == nil {
		last = renewal{server, version}
	}
	return last
}

// remember makes it the last renewal. If it cannot be written, this poller alone
// knows of it.
func (p *Poller) remember(last renewal) {
	p.renewal = last
	err := os.MkdirAll(p.config.Var, 0o755) // the supervisor's, which may not run
	if err == nil {
		err = program.ReplaceFile(filepath.Join(p.config.Var, renewalFile), []byte(last.server.URL+" "+last.failed+"\n"), 0o644)
	}
	p.complaints.report("remembering the last renewal", err)
}
