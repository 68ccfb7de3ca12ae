package infrastructure

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"deux/internal/access"
	"deux/internal/engine"
	"deux/internal/fleet"
)

// renewal is the last server that was taken out of rotation to be started anew.
type renewal struct {
	server fleet.Server
	failed string // the version at which it was found in failedServers
}

// renew starts one server anew whose code or settings are not those that the
// first server was started with since: Compose renews that one, and the others
// follow. They do so one after the other, and while the first server answers,
// so that there is always one that serves; and no more of them while one that
// could not be started is in failedServers.
func (p *Poller) renew(ctx context.Context, lists fleet.Lists, found []engine.Container) error {
	version, err := p.version(ctx)
	if err != nil || version == "" || len(lists.Spawning()) > 0 || !p.serves(lists, p.config.Site.FirstServer()) {
		return err
	}
	if p.renewalFailed(lists, version) {
		return nil
	}
	for _, container := range found {
		server := p.config.Site.Server(container.Port)
		mine := container.Name == server.Container() && server != p.config.Site.FirstServer()
		if !mine || !container.Running || !outdated(container, version) || !p.serves(lists, server) || p.jobs.running(server) {
			continue
		}
		moved, err := p.fleet.Renew(ctx, server)
		if err != nil {
			return err
		}
		if moved {
			p.log.Info("Renewing a server of earlier code or settings", "server", server.URL)
			p.renewal = renewal{server: server}
			p.beginSpawn(ctx, server)
			return nil
		}
	}
	return nil
}

// renewalFailed tells whether the last renewal failed, nobody has seen to it
// since, and the version is still the one that failed.
func (p *Poller) renewalFailed(lists fleet.Lists, version string) bool {
	if !slices.Contains(lists.Servers(), fleet.ServerState{Server: p.renewal.server, State: fleet.Failed}) {
		return false
	}
	if p.renewal.failed == "" {
		p.log.Error("No more servers are renewed until the first server changes, or this one is out of failedServers",
			"server", p.renewal.server.URL)
		p.renewal.failed = version
	}
	return p.renewal.failed == version
}

// serves tells whether a server is in rotation and answered the last probe.
func (p *Poller) serves(lists fleet.Lists, server fleet.Server) bool {
	return slices.Contains(lists.Servers(), fleet.ServerState{Server: server, State: fleet.Running}) && p.strikes[server] == 0
}

// version names the code and settings that the first server runs and those
// that this program knows, which are what a server gets that is started now
// (unless somebody edits the checkout between two make up). It is empty while
// nobody can tell, for the first server does not run. That the password of Redis
// has changed, or a limit, is in Compose's hash of what the first server gets:
// nothing secret is added to it here.
func (p *Poller) version(ctx context.Context) (string, error) {
	first, err := p.docker.FirstServerVersion(ctx)
	if err != nil || first == "" {
		return "", err
	}
	sum := sha256.Sum256([]byte(first + "\n" + strings.Join(append(p.config.scriptEnv(), p.secret), "\n")))
	return hex.EncodeToString(sum[:6]), nil
}

// mark returns what changes with the password. It goes into a container's label,
// so it is one on which guesses cannot be tried fast.
func mark(config Config) string {
	if config.Password == "" {
		return ""
	}
	return access.NewPassword(string(config.Password), config.Fleet).Fingerprint()
}

func outdated(container engine.Container, version string) bool {
	return version != "" && container.Version != version
}
