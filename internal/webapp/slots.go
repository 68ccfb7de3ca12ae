package webapp

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"
)

// Bounds on what pictures cost a server, which has 96 MiB. Each is in memory as a
// whole while it comes or goes: up to 14 MiB in base64.
const (
	maxPictures = 3 // on their way at once
	// pictureTimeout is how long a client may take to send or to fetch one. It is
	// an App's, but in tests.
	pictureTimeout = time.Minute
)

// holdSlot has a request with a picture wait until there are fewer than
// maxPictures, or refuses it after storeTimeout.
func (a *App) holdSlot(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), a.storeTimeout)
	defer cancel()
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
		c.Next()
	case <-ctx.Done():
		a.write(c, a.refuse(c, errNoSlot))
		c.Abort()
	}
}
