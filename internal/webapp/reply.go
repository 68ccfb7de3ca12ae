package webapp

import (
	"context"
	"embed"
	"html/template"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/render"
)

// reply is what a handler answers: data, which is sent as JSON or shown by the
// template called page.
type reply struct {
	status int
	page   string
	data   any
}

// storeTimeout is what a page waits for Redis. It is an App's, but in tests.
const storeTimeout = 3 * time.Second

// page turns a function that returns a reply into a handler, and ends its
// request's context after storeTimeout.
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

const (
	layout    = "templates/layout.html"
	fragments = "templates/fragments.html"
)

// parseFragments returns the parts of the dashboard that change by themselves.
func parseFragments() *template.Template {
	return template.Must(template.New("").Funcs(words).ParseFS(templates, fragments))
}

// parsePages returns the other templates, each inside the layout.
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

// view is the data of a template.
type view struct {
	Host      string // name of the host that answers
	Port      int    // port where it listens
	Requested string // HOST:PORT that the browser asked for
	Style     template.CSS
	Script    template.JS
	Data      any

	CanChange  bool // anything, after a login if there is a password
	CanLogIn   bool
	IsLoggedIn bool
}

// redirection is the data of a reply that redirects to a path of this system.
type redirection string

func (a *App) write(c *gin.Context, answer reply) {
	if path, is := answer.data.(redirection); is {
		c.Redirect(answer.status, string(path))
		return
	}
	if prefersJSON(c.Request.Header.Values("Accept")) {
		c.Render(answer.status, jsonOf(answer.data))
		return
	}
	c.Render(answer.status, render.HTML{
		Template: a.pages[answer.page],
		Name:     path.Base(layout),
		Data:     a.view(c, answer.data),
	})
}

// jsonOf returns how data is written as JSON: by itself, if it can.
func jsonOf(data any) render.Render {
	if own, is := data.(render.Render); is {
		return own
	}
	return render.JSON{Data: data}
}

// view returns what a page about data shows to the sender of the request. It does
// not ask Redis whether the session has ended elsewhere: a button is not worth
// it.
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
