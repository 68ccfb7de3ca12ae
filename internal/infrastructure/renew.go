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

// renew starts one server again that runs outdated code or settings: Compose has
// renewed the first server, and the others follow. They do so one after the
// other, while the first server answers, so that one always serves, and not
// while a server whose renewal failed is in failedServers.
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
		p.remember(renewal{server: server})
		moved, err := p.fleet.Renew(ctx, server)
		if err != nil {
			return err
		}
		if moved {
			p.log.Info("Renewing a server that runs outdated code or settings", "server", server.URL)
			p.beginSpawn(ctx, server)
			return nil
		}
	}
	return nil
}

// renewalFailed reports whether the last renewal failed, its server is still in
// failedServers, and the version is still the one that failed.
func (p *Poller) renewalFailed(lists fleet.Lists, version string) bool {
	if !slices.Contains(lists.Servers(), fleet.ServerState{Server: p.renewal.server, State: fleet.Failed}) {
		return false
	}
	if p.renewal.failed == "" {
		p.log.Error("No more servers are renewed until the first server changes, or this one is out of failedServers",
			"server", p.renewal.server.URL)
		p.remember(renewal{p.renewal.server, version})
	}
	return p.renewal.failed == version
}

// serves reports whether a server is in rotation and answered the last probe.
func (p *Poller) serves(lists fleet.Lists, server fleet.Server) bool {
	return slices.Contains(lists.Servers(), fleet.ServerState{Server: server, State: fleet.Running}) && p.strikes[server] == 0
}

// version names the code and settings that the first server runs and those that
// this program knows: what a server would be started with now (unless somebody
// edits the checkout between two make up). It is empty if the first server does
// not run. A changed Redis password or limit changes Compose's hash of what the
// first server gets, so no secret is added here.
func (p *Poller) version(ctx context.Context) (string, error) {
	first, err := p.docker.FirstServerVersion(ctx)
	if err != nil || first == "" {
		return "", err
	}
	sum := sha256.Sum256([]byte(first + "\n" + strings.Join(append(p.config.scriptEnv(), p.secret), "\n")))
	return hex.EncodeToString(sum[:6]), nil
}

// mark returns a text that changes with the password. It goes into a
// container's label, so trying guesses on it must be slow.
func mark(config Config) string {
	if config.Password == "" {
		return ""
	}
	return access.NewPassword(string(config.Password), config.Fleet).Fingerprint()
}

func outdated(container engine.Container, version string) bool {
	return version != "" && container.Version != version
}
