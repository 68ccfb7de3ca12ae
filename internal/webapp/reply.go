package webapp

import (
	"context"
	"embed"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/render"
)

// reply is what a handler has to tell: data, which is either the JSON or what
// the template called page shows.
type reply struct {
	status int
	page   string
	data   any
}

// storeTimeout is what a page waits for Redis. It is an App's, but in tests.
const storeTimeout = 3 * time.Second

// page makes a handler of one that returns what to tell, and has its request's
// context end after storeTimeout.
func (a *App) page(handler func(*gin.Context) (reply, error)) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), a.storeTimeout)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		answer, err := handler(c)
		if err != nil {
			answer = a.refuse(c, err)
		}
		a.write(c, answer)
	}
}

//go:embed templates/*.html
var templates embed.FS

// style stands in every page rather than behind a URL of its own: the proxy
// takes the next server for each request, so with two servers a page that
// loads its style would always come from the same one.
//
//go:embed style.css
var style string

// script makes the dashboard live. It stands in the page for the same reason.
//
//go:embed page.js
var script string

// worker holds the stream for all tabs of a browser. Browsers want it behind a
// URL of its own.
//
//go:embed live.js
var worker []byte

func liveScript(c *gin.Context) {
	c.Data(http.StatusOK, "text/javascript; charset=utf-8", worker)
}

const (
	layout    = "templates/layout.html"
	fragments = "templates/fragments.html"
)

// parseFragments returns the parts of the dashboard that change by themselves.
func parseFragments() *template.Template {
	return template.Must(template.New("").Funcs(words).ParseFS(templates, fragments))
}

// parsePages returns the layout around each of the other templates.
func parsePages() map[string]*template.Template {
	base := template.Must(template.ParseFS(templates, layout))
	names, err := templates.ReadDir("templates")
	template.Must(base, err)
	pages := make(map[string]*template.Template)
	for _, name := range names {
		file := path.Join("templates", name.Name())
		if file != layout && file != fragments {
			page := template.Must(template.Must(base.Clone()).ParseFS(templates, file))
			pages[strings.TrimSuffix(name.Name(), ".html")] = page
		}
	}
	return pages
}

// view is what a template knows.
type view struct {
	Host      string // name of the host that answers
	Port      int    // and where it listens
	Requested string // HOST:PORT that the browser asked for
	Style     template.CSS
	Script    template.JS
	Data      any

	CanChange  bool // something, if one is logged in
	CanLogIn   bool
	IsLoggedIn bool
}

// redirection is the data of a reply that leads elsewhere on this system.
type redirection string

func (a *App) write(c *gin.Context, answer reply) {
	if path, is := answer.data.(redirection); is {
		c.Redirect(answer.status, string(path))
		return
	}
	if prefersJSON(c.Request.Header.Values("Accept")) {
		c.JSON(answer.status, answer.data)
		return
	}
	c.Render(answer.status, render.HTML{
		Template: a.pages[answer.page],
		Name:     path.Base(layout),
		Data:     a.view(c, answer.data),
	})
}

// view is what a page about data shows to who sent the request. Whether the
// session has been ended elsewhere is not worth asking Redis for a button.
func (a *App) view(c *gin.Context, data any) view {
	isLoggedIn := false
	if a.sessions != nil {
		_, isLoggedIn = a.sessions.ID(c.Request)
	}
	return view{
		Host:       a.host,
		Port:       a.config.Port,
		Requested:  c.Request.Host,
		Style:      template.CSS(style),
		Script:     template.JS(script),
		Data:       data,
		CanChange:  !a.config.ReadOnly,
		CanLogIn:   a.password != nil,
		IsLoggedIn: isLoggedIn,
	}
}
