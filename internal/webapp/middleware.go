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

// answerPanic answers 500 for a handler that panicked. The stack is for the
// log alone.
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

// refuseAhead refuses what a browser asks for before its user does, while a
// URL is typed for instance: /spawn would spawn, and /meow take a picture, for
// a click that may never come. The browser asks again when it does. Fetch
// Standard, "Sec-Purpose"; Purpose is its name in older versions of Chrome.
func (a *App) refuseAhead(c *gin.Context) {
	for _, header := range []string{"Sec-Purpose", "Purpose"} {
		if strings.HasPrefix(c.GetHeader(header), "prefetch") {
			a.write(c, a.refuse(c, errAhead))
			c.Abort()
			return
		}
	}
}

// setHeaders says what a browser must not do with a page: keep it, since the
// next answer differs; guess its type; or run, load or embed anything but the
// page's own style, scripts and pictures, and the reader's text in a frame. Style
// and script are named by their digests, so that they can stand in the page (see
// style) and no others can.
func (a *App) setHeaders() gin.HandlerFunc {
	policy := fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; "+
		"worker-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src http://*:%d; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'", digest(style), digest(script), a.config.Ports["reader"])
	return func(c *gin.Context) {
		c.Header("Cache-Control", "no-store")
		c.Header("Vary", "Accept")
		c.Header("X-Content-Type-Options", "nosniff")
		c.Header("Referrer-Policy", "same-origin") // by which access.Judge knows the page
		c.Header("Content-Security-Policy", policy)
	}
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}
