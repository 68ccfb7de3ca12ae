package webapp

import (
	"html/template"
	"net"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"deux/internal/fleet"
	"deux/internal/overview"
)

// homeData is the dashboard: its fragments and its fixed parts.
type homeData struct {
	serversData
	Apps []appData `json:"apps"`

	scene
	filter   string
	host     string
	ports    map[string]int
	isSecure bool
}

// columnData is a column of the web pool.
type columnData struct {
	Column overview.Column
	Lists  string // that are shown in it
}

// Columns are those of the web pool, from left to right.
func (homeData) Columns() []columnData {
	return []columnData{
		{overview.Wanted, fleet.ListOf(fleet.Queued)},
		{overview.Starting, fleet.ListOf(fleet.Spawning)},
		{overview.Serving, fleet.ListOf(fleet.Running)},
		{overview.Draining, fleet.ListOf(fleet.Leaving)},
		{overview.Leaving, fleet.ListOf(fleet.Destroying)},
		{overview.Failed, fleet.ListOf(fleet.Failed)},
	}
}

// Colours are the apps that can be pushed.
func (homeData) Colours() []string { return fleet.Colours }

// Title is the sentence at the top.
func (d homeData) Title() string { return d.title }

// Filter is what the events are filtered by.
func (d homeData) Filter() string { return d.filter }

// Version is that of the page itself.
func (homeData) Version() string { return version }

// HostName is the name under which the browser knows the machine, as in a URL.
func (d homeData) HostName() string { return d.host }

// Ports are where people find the rest of the system.
func (d homeData) Ports() map[string]int { return d.ports }

// CanFrame reports whether the browser would show the reader, which speaks no
// https, in a frame.
func (d homeData) CanFrame() bool { return !d.isSecure }

// Fragment returns the fragment with that id.
func (d homeData) Fragment(id string) template.HTML {
	for _, one := range d.fragments {
		if one.ID == id {
			return one.HTML
		}
	}
	return ""
}

// In returns the fragments of a list. Without a script the page filters the
// events; with one, the browser does.
func (d homeData) In(list string) template.HTML {
	words := strings.Fields(strings.ToLower(d.filter))
	var all strings.Builder
	for _, one := range d.fragments {
		if one.In == list && (list != "events" || one.says(words)) {
			all.WriteString(string(one.HTML))
			all.WriteByte('\n')
		}
	}
	return template.HTML(all.String())
}

// home shows the dashboard. JSON has the servers and the apps, as ever.
func (a *App) home(c *gin.Context) (reply, error) {
	if prefersJSON(c.Request.Header.Values("Accept")) {
		lists, err := a.store.Lists(c.Request.Context())
		return reply{http.StatusOK, "home", homeData{serversData: serversOf(lists), Apps: appsOf(lists)}}, err
	}
	scene, err := a.live.now(c.Request.Context())
	if scene.fragments == nil {
		return reply{}, err
	}
	status := http.StatusOK
	if err != nil { // the page shows the last state and must not pass for current
		status = a.refusalOf(err).status
	}
	return reply{status, "home", homeData{
		scene:    scene,
		filter:   c.Query("filter"),
		host:     hostName(c.Request),
		ports:    a.config.Ports,
		isSecure: isSecure(c.Request),
	}}, nil
}

// hostName returns the host that the browser asked for, without a port. A URL
// has an IPv6 address in brackets (RFC 3986 section 3.2.2).
func hostName(request *http.Request) string {
	host, _, err := net.SplitHostPort(request.Host)
	switch {
	case err != nil:
		return request.Host
	case strings.Contains(host, ":"):
		return "[" + host + "]"
	}
	return host
}
