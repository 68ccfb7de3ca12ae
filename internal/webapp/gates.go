package webapp

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"deux/internal/access"
	"deux/internal/fleet"
)

// Reasons why a request may not pass. deny says what to do about each.
var (
	errForeignHost   = errors.New("foreign host name")
	errReadOnly      = errors.New("read-only")
	errOtherSite     = errors.New("asked for by another site's page")
	errUnconfirmed   = errors.New("a person has to confirm it")
	errLogin         = errors.New("password needed")
	errWrongPassword = errors.New("wrong password")
)

// gate is middleware that stops the requests for which check returns an error.
func (a *App) gate(check func(context.Context, *gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), a.storeTimeout)
		defer cancel()
		if err := check(ctx, c); err != nil {
			a.write(c, a.deny(c, err))
			c.Abort()
		}
	}
}

// deny is refuse, except that a person at a browser gets a page that asks for
// what is missing.
func (a *App) deny(c *gin.Context, err error) reply {
	if errors.Is(err, errUnconfirmed) {
		return askAbout(c.Request.URL)
	}
	answer := a.refuse(c, err)
	refused, _ := answer.data.(refusalData)
	switch {
	case !access.IsBrowser(c.Request):
		return answer
	case errors.Is(err, errLogin):
		return reply{answer.status, "login", loginData{refused, next(c), false}}
	case errors.Is(err, errWrongPassword), errors.Is(err, fleet.ErrTooManyGuesses):
		return reply{answer.status, "login", loginData{refused, c.Request.PostFormValue("next"), true}}
	default:
		return answer
	}
}

// next returns where to go after a login: to what was asked for, or to the first
// page if a form named a server. Without the form, /destroy would destroy any.
func next(c *gin.Context) string {
	if c.Request.URL.Path == "/destroy" {
		if _, err := field(c, serverField); !errors.Is(err, errNoServer) {
			return "/"
		}
	}
	return c.Request.URL.RequestURI()
}

// knowsHost refuses a host name that is not this system's, from every client: a
// site that points its own name here could send requests as any client.
func (a *App) knowsHost(_ context.Context, c *gin.Context) error {
	if !a.hosts.Allow(c.Request.Host) {
		return errForeignHost
	}
	return nil
}

// mayChange refuses all changes under READ_ONLY, and otherwise those that come
// from another site's page.
func (a *App) mayChange(_ context.Context, c *gin.Context) error {
	switch {
	case a.config.ReadOnly:
		return errReadOnly
	case access.Judge(c.Request) == access.Refuse:
		return errOtherSite
	default:
		return nil
	}
}

// isOwn refuses, without asking, what may come from another site's page.
func (a *App) isOwn(_ context.Context, c *gin.Context) error {
	if access.Judge(c.Request) != access.Act {
		return errOtherSite
	}
	return nil
}

// isConfirmed asks a person to confirm what may be another site's wish. It comes
// after the login, which returns to the same request.
func (a *App) isConfirmed(_ context.Context, c *gin.Context) error {
	if access.Judge(c.Request) == access.Ask {
		return errUnconfirmed
	}
	return nil
}

// mayRead is isLoggedIn under PRIVATE, and otherwise lets everybody pass.
func (a *App) mayRead(ctx context.Context, c *gin.Context) error {
	if !a.config.Private {
		return nil
	}
	return a.isLoggedIn(ctx, c)
}

// isLoggedIn lets requests pass that have a session or send the password. If the
// system has no password, all pass.
func (a *App) isLoggedIn(ctx context.Context, c *gin.Context) error {
	if a.password == nil {
		return nil
	}
	if guess, found := access.Bearer(c.Request); found {
		return a.tryPassword(ctx, c, guess)
	}
	id, found := a.sessions.ID(c.Request)
	if !found {
		return errLogin
	}
	ended, err := a.store.SessionEnded(ctx, id)
	if ended {
		return errLogin
	}
	return err
}

// tryPassword says whether a guess is right only if the fleet allows another
// guess, in one step with counting it: otherwise a hundred guesses at once would
// all be answered.
func (a *App) tryPassword(ctx context.Context, c *gin.Context, guess string) error {
	isRight := a.password.Matches(guess)
	if err := a.store.TakeGuess(ctx, a.clients.Address(c.Request), isRight); err != nil {
		return err
	}
	if !isRight {
		return errWrongPassword
	}
	return nil
}

// isSecure reports whether the browser speaks https to whatever is in front of
// this server. It believes every client: one that lies only loses its cookie.
func isSecure(request *http.Request) bool {
	return request.TLS != nil || strings.EqualFold(request.Header.Get("X-Forwarded-Proto"), "https")
}
