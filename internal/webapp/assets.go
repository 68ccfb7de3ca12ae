package webapp

import (
	_ "embed"
	"net/http"

	"github.com/gin-gonic/gin"
)

// style is part of every page instead of having its own URL: the proxy takes the
// next server for each request, so with two servers every page would come from
// the same server, and every style from the other.
//
//go:embed style.css
var style string

// script makes the dashboard live. It is part of the page for the same reason,
// and has the worker's code for where there is no worker.
var script = worker + pageScript + buttonsScript + followScript

var (
	//go:embed page.js
	pageScript string
	//go:embed buttons.js
	buttonsScript string
	//go:embed follow.js
	followScript string
)

// worker holds the stream for all tabs of a browser. Browsers require a URL of
// its own for it.
//
//go:embed live.js
var worker string

// liveScript gives the worker to a page of the same version alone: the next server
// may be an older or a newer one than the page's. Without a worker the page has a
// stream of its own.
func liveScript(c *gin.Context) {
	if c.Request.URL.RawQuery != version {
		c.String(http.StatusNotFound, "another version\n")
		return
	}
	c.Data(http.StatusOK, "text/javascript; charset=utf-8", []byte(worker))
}

//go:embed templates/home.html
var home string

// version names what an open page keeps when its server is replaced.
var version = hashOf(style + script + home)
