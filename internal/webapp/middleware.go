package webapp

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/gin-gonic/gin"
)

// answerPanic answers 500 for a handler that panicked. The stack goes only to
// the log.
func (a *App) answerPanic(c *gin.Context) {
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(cause)
		}
		a.log.Error("Handler panicked", "path", c.Request.URL.Path, "error", cause, "stack", string(debug.Stack()))
		if c.Writer.Written() {
			panic(http.ErrAbortHandler)
		}
		a.write(c, a.refuse(c, errPanic))
		c.Abort()
	}()
	c.Next()
}

// refuseAhead refuses what a browser requests before its user does, such as
// while a URL is being typed: /spawn would spawn, and /meow take a picture, for a
// click that may never come. If it comes, the browser asks again. See the Fetch
// Standard, "Sec-Purpose", called Purpose in older versions of Chrome.
func (a *App) refuseAhead(c *gin.Context) {
	for _, header := range []string{"Sec-Purpose", "Purpose"} {
		if strings.HasPrefix(c.GetHeader(header), "prefetch") {
			a.write(c, a.refuse(c, errAhead))
			c.Abort()
			return
		}
	}
}

// setHeaders tells a browser not to keep a page, because the next answer differs,
// not to guess its type, and not to run, load or embed anything except the page's
// own style, scripts and pictures and, in a frame, the reader's text. Style and
// script are named by their digests: these may be inline (see style), no others.
func (a *App) setHeaders() gin.HandlerFunc {
	policy := fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; "+
		"worker-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src http://*:%d; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'", digest(style), digest(script), a.config.Ports["reader"])
	return func(c *gin.Context) {
		c.Header("Cache-Control", "no-store")
		c.Header("Vary", "Accept")
		c.Header("X-Content-Type-Options", "nosniff")
		c.Header("Referrer-Policy", "same-origin") // access.Judge recognises the page by it
		c.Header("Content-Security-Policy", policy)
	}
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}
