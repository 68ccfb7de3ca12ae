package deploy

import (
	"fmt"

	"deux/internal/engine"
	"deux/internal/fleet"
)

// server returns where a release is published: on HOST_IP, or on what that was
// when the release started.
func (c colour) server(release engine.Release) fleet.Server {
	site := c.site
	if release.Address != "" {
		site.Host = release.Address
	}
	return site.Server(release.Port)
}

// reaches reports whether the colour's proxy can have requests at the release: it
// passes over every server that is not on HOST_IP, or below the colour's ports.
func (c colour) reaches(release engine.Release) bool {
	_, err := c.site.Parse(c.server(release).URL)
	return err == nil
}

// isElsewhere reports whether a release is published at another address or port
// than the settings have now.
func (d *Deployer) isElsewhere(release engine.Release) bool {
	return !d.colour.reaches(release) || release.Port >= d.colour.site.First+d.config.Ports
}

// unreachableError is the failure of a switch to a candidate that was published
// before the settings changed.
type unreachableError struct{ at fleet.Server }

func (e *unreachableError) Error() string {
	return fmt.Sprintf("it is published at %s, and HOST_IP or the colour's ports have changed since", e.at.URL)
}
