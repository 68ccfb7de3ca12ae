package webapp

import (
	"context"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"deux/internal/fleet"
)

// serverData is one server as the pages tell of it.
type serverData struct {
	URL   string      `json:"url"`
	Port  int         `json:"port"`
	State fleet.State `json:"state"`
}

type serversData struct {
	Servers []serverData `json:"servers"`
}

// appData is one of the two deployed apps as the first page tells of it.
type appData struct {
	Colour string      `json:"colour"`
	URL    string      `json:"url"`
	State  fleet.State `json:"state"`
}

type noteData struct {
	Message string `json:"message"`
}

func (a *App) listServers(c *gin.Context) (reply, error) {
	servers, err := a.servers(c.Request.Context())
	return reply{http.StatusOK, "listservers", servers}, err
}

// servers returns every server in any list. Slices are never nil, which JSON
// would tell as null.
func (a *App) servers(ctx context.Context) (serversData, error) {
	lists, err := a.store.Lists(ctx)
	if err != nil {
		return serversData{}, err
	}
	return serversOf(lists), nil
}

func serversOf(lists fleet.Lists) serversData {
	servers := []serverData{}
	for _, server := range lists.Servers() {
		servers = append(servers, serverData{server.URL, server.Port, server.State})
	}
	return serversData{servers}
}

// appsOf returns the apps that have a release, as infrastructure last saw them.
func appsOf(lists fleet.Lists) []appData {
	apps := []appData{}
	for _, colour := range fleet.Colours {
		if app, is := lists.App(colour); is {
			apps = append(apps, appData{colour, app.URL, app.State})
		}
	}
	return apps
}

// spawn answers 202 (RFC 9110 section 15.3.3): the server is promised, and
// will be built by another program.
func (a *App) spawn(c *gin.Context) (reply, error) {
	server, err := a.store.RequestSpawn(c.Request.Context(), a.config.MaxServers)
	return reply{http.StatusAccepted, "spawn", serverData{server.URL, server.Port, fleet.Queued}}, err
}

func (a *App) destroy(c *gin.Context) (reply, error) {
	server, err := a.store.RequestDestroy(c.Request.Context())
	if errors.Is(err, fleet.ErrNothingToDestroy) {
		return reply{http.StatusOK, "note", noteData{"Nothing to destroy."}}, nil
	}
	return reply{http.StatusAccepted, "destroy", serverData{server.URL, server.Port, fleet.Deleting}}, err
}
