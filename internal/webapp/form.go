package webapp

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"deux/internal/access"
	"deux/internal/fleet"
)

const (
	serverField = "server" // the form's field that names a server
	maxFields   = 64 << 10 // bytes of a form without a picture
)

// field returns what a posted form has under name, or errNoServer if it has
// nothing there. A body that is not a form is an error: it may name a server,
// and a random one must not be destroyed instead.
func field(c *gin.Context, name string) (string, error) {
	request := c.Request
	if request.Method != http.MethodPost {
		return "", errNoServer
	}
	request.Body = http.MaxBytesReader(c.Writer, request.Body, maxFields)
	switch c.ContentType() {
	case gin.MIMEPOSTForm, gin.MIMEMultipartPOSTForm:
	default:
		if request.ContentLength != 0 {
			return "", errBrokenFields
		}
	}
	if err := request.ParseForm(); err != nil { // ParseMultipartForm would hide it
		return "", errBrokenFields
	}
	if err := request.ParseMultipartForm(maxFields); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return "", errBrokenFields
	}
	switch values := request.Form[name]; len(values) {
	case 0:
		return "", errNoServer
	case 1:
		return values[0], nil
	default:
		return "", errNotServer
	}
}

// namedServer returns the server that a form names.
func (a *App) namedServer(c *gin.Context) (fleet.Server, error) {
	element, err := field(c, serverField)
	if err != nil {
		return fleet.Server{}, err
	}
	server, err := a.config.Site.Parse(element)
	if err != nil {
		return server, errNotServer
	}
	return server, nil
}

// button is page for a handler behind a button: the browser is sent back to the
// first page (RFC 9110 section 15.4.4), so that a reload does not repeat the
// action. If nothing was done, the browser is shown why.
func (a *App) button(handler func(*gin.Context) (reply, error)) gin.HandlerFunc {
	return a.page(func(c *gin.Context) (reply, error) {
		answer, err := handler(c)
		if err == nil && answer.page != "note" && isButton(c.Request) {
			return reply{http.StatusSeeOther, "", redirection("/")}, nil
		}
		return answer, err
	})
}

// isButton reports whether a browser sent a form and shows the answer.
func isButton(request *http.Request) bool {
	return request.Method == http.MethodPost && access.IsBrowser(request) && !prefersJSON(request.Header.Values("Accept"))
}
