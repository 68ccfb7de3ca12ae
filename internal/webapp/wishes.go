package webapp

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"deux/internal/fleet"
)

type noteData struct {
	Message string `json:"message"`
}

// spawn answers 202 (RFC 9110 section 15.3.3): the server is promised, and
// another program will build it.
func (a *App) spawn(c *gin.Context) (reply, error) {
	server, err := a.store.RequestSpawn(c.Request.Context(), a.config.MaxServers)
	return accepted("spawn", server, fleet.Queued), err
}

// accepted answers that a wish about a server is queued.
func accepted(page string, server fleet.Server, state fleet.State) reply {
	return reply{http.StatusAccepted, page, serverData{server.URL, server.Port, state}}
}

// destroy destroys the server that a POST names, or any.
func (a *App) destroy(c *gin.Context) (reply, error) {
	switch server, err := a.namedServer(c); {
	case err == nil:
		return accepted("destroy", server, fleet.Deleting), a.store.RequestDestroyOf(c.Request.Context(), server)
	case !errors.Is(err, errNoServer):
		return reply{}, err
	}
	server, err := a.store.RequestDestroy(c.Request.Context())
	if errors.Is(err, fleet.ErrNothingToDestroy) {
		return reply{http.StatusOK, "note", noteData{"Nothing to destroy."}}, nil
	}
	return accepted("destroy", server, fleet.Deleting), err
}

// retry spawns a failed server again.
func (a *App) retry(c *gin.Context) (reply, error) {
	server, err := a.namedServer(c)
	if err != nil {
		return reply{}, err
	}
	return accepted("spawn", server, fleet.Queued), a.store.Retry(c.Request.Context(), server, a.config.MaxServers)
}

// forget takes what the form names, which may be anything, off failedServers.
func (a *App) forget(c *gin.Context) (reply, error) {
	element, err := field(c, serverField)
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, "forgotten", noteData{"Forgotten."}}, a.store.ForgetFailed(c.Request.Context(), element)
}
