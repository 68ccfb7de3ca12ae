package webapp

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// maxLogin bounds the login form, a password and where to go next, in bytes.
const maxLogin = 16 << 10

type loginData struct {
	refusalData
	Next     string `json:"-"` // path to go to after the login
	HasTried bool   `json:"-"`
}

// login shows the form. A person who is already logged in gets what was asked for
// before; if that changes something, login asks first, because the request may
// have come from elsewhere.
func (a *App) login(c *gin.Context) (reply, error) {
	target := localTarget(c.Query("next"))
	if _, found := a.sessions.ID(c.Request); !found || a.isLoggedIn(c.Request.Context(), c) != nil {
		return reply{http.StatusOK, "login", loginData{Next: target.RequestURI()}}, nil
	}
	if about, found := questionAbout(target); found {
		return reply{http.StatusOK, "ask", about}, nil
	}
	return reply{http.StatusSeeOther, "", redirection(target.RequestURI())}, nil
}

// logIn starts a session for a person who knows the password.
func (a *App) logIn(c *gin.Context) (reply, error) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxLogin)
	if err := c.Request.ParseForm(); err != nil {
		return reply{}, errBrokenLogin
	}
	if err := a.tryPassword(c.Request.Context(), c, c.Request.PostForm.Get("password")); err != nil {
		return a.deny(c, err), nil
	}
	if err := a.sessions.Begin(c.Writer, isSecure(c.Request)); err != nil {
		return reply{}, err
	}
	next := localTarget(c.Request.PostForm.Get("next")).RequestURI()
	return reply{http.StatusSeeOther, "", redirection("/login?next=" + url.QueryEscape(next))}, nil
}

// logOut ends the session at every server, even for copies of its cookie.
func (a *App) logOut(c *gin.Context) (reply, error) {
	if id, found := a.sessions.ID(c.Request); found {
		if err := a.store.EndSession(c.Request.Context(), id, a.sessions.Timeout()); err != nil {
			return reply{}, err
		}
	}
	a.sessions.End(c.Writer, isSecure(c.Request))
	return reply{http.StatusSeeOther, "", redirection("/")}, nil
}

// localTarget returns where text leads on this system, or the first page if it
// leads elsewhere or cannot be visited.
func localTarget(text string) *url.URL {
	home := &url.URL{Path: "/"}
	target, err := url.Parse(text)
	switch {
	case err != nil, target.IsAbs(), target.Host != "", target.User != nil:
		return home
	case !strings.HasPrefix(target.Path, "/"), strings.HasPrefix(target.Path, "//"), strings.Contains(target.Path, `\`):
		return home // to a browser, // and /\ start a host name
	case !isPlain(target.EscapedPath()):
		return home
	case slices.Contains([]string{"/upload", "/retry", "/forget", "/login", "/logout"}, target.Path):
		return home
	}
	return target
}

// dots writes dots as a browser reads them (URL Standard, "double-dot URL path
// segment").
var dots = strings.NewReplacer("%2e", ".", "%2E", ".")

// isPlain reports whether an escaped path is read by everybody as it is spelled.
// http.Redirect, the router and a browser each tidy up another one on the way, and
// what then is a change would happen without the question.
func isPlain(escaped string) bool {
	spelled := dots.Replace(escaped)
	rest, isRooted := strings.CutPrefix(spelled, "/")
	page, _, _ := strings.Cut(rest, "/")
	return isRooted && path.Clean(spelled) == spelled && !strings.Contains(page, "%")
}
