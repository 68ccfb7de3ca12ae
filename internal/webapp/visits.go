package webapp

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"deux/internal/access"
)

const (
	// maxVisit is how much of a URL is remembered, in bytes.
	maxVisit = 2048
	// visitTimeout is how long a page waits for its visit to be remembered.
	visitTimeout = time.Second
)

// recordVisit remembers the URL before the page is made, so that /recent shows
// itself first. A visit that cannot be remembered does not fail the page, and
// one whose visitor has left still counts. What another site's page asks for
// behind its reader's back is not a visit.
func (a *App) recordVisit(c *gin.Context) {
	if access.Judge(c.Request) == access.Refuse {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), visitTimeout)
	defer cancel()
	a.redis.Note(a.store.AddVisit(ctx, visitOf(c.Request)))
}

// visitOf returns path and query as sent, cut to maxVisit and without partial
// characters.
func visitOf(request *http.Request) string {
	uri := request.URL.RequestURI()
	return strings.ToValidUTF8(uri[:min(len(uri), maxVisit)], "")
}

type recentData struct {
	URLs []string `json:"urls"`
}

func (a *App) recent(c *gin.Context) (reply, error) {
	urls, err := a.store.Recent(c.Request.Context())
	return reply{http.StatusOK, "recent", recentData{urls}}, err
}
