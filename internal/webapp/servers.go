package webapp

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"deux/internal/fleet"
)

// serverData is one server as the pages show it.
type serverData struct {
	URL   string      `json:"url"`
	Port  int         `json:"port"`
	State fleet.State `json:"state"`
}

type serversData struct {
	Servers []serverData `json:"servers"`
}

// appData is one of the two deployed apps as the first page shows it.
type appData struct {
	Colour string      `json:"colour"`
	URL    string      `json:"url"`
	State  fleet.State `json:"state"`
}

func (a *App) listServers(c *gin.Context) (reply, error) {
	servers, err := a.servers(c.Request.Context())
	return reply{http.StatusOK, "listservers", servers}, err
}

// servers returns every server in any list. Slices are never nil, which would be
// null in JSON.
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
