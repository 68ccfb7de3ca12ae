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

// Why somebody may not pass. What may be done about it deny says.
var (
	errForeignHost   = errors.New("foreign host name")
	errReadOnly      = errors.New("read-only")
	errOtherSite     = errors.New("asked for by another site's page")
	errUnconfirmed   = errors.New("a person has to confirm it")
	errLogin         = errors.New("password needed")
	errWrongPassword = errors.New("wrong password")
)

// gate is middleware that lets pass what check has nothing against.
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

// deny is refuse, but a person in front of a browser gets a page on which to
// do what is missing.
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

// next returns where to go after a login: to what was asked for, but to the
// first page where only a form said which server was meant. /destroy alone
// would destroy any.
func next(c *gin.Context) string {
	if c.Request.URL.Path == "/destroy" {
		if _, err := field(c, serverField); !errors.Is(err, errNoServer) {
			return "/"
		}
	}
	return c.Request.URL.RequestURI()
}

// knowsHost refuses a name that is not this system's. It concerns every client:
// a page that had its own name point here could ask as whatever it likes.
func (a *App) knowsHost(_ context.Context, c *gin.Context) error {
	if !a.hosts.Allow(c.Request.Host) {
		return errForeignHost
	}
	return nil
}

// mayChange refuses all changes where READ_ONLY says so, and otherwise those
// that another site's page is behind.
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

// isOwn refuses what another site's page may be behind, with no question.
func (a *App) isOwn(_ context.Context, c *gin.Context) error {
	if access.Judge(c.Request) != access.Act {
		return errOtherSite
	}
	return nil
}

// isConfirmed lets a person confirm what may be another site's wish. It comes
// after the login, which asks for it again.
func (a *App) isConfirmed(_ context.Context, c *gin.Context) error {
	if access.Judge(c.Request) == access.Ask {
		return errUnconfirmed
	}
	return nil
}

// mayRead is isLoggedIn where PRIVATE says so.
func (a *App) mayRead(ctx context.Context, c *gin.Context) error {
	if !a.config.Private {
		return nil
	}
	return a.isLoggedIn(ctx, c)
}

// isLoggedIn lets pass who has a session or sends the password along; without
// a password everybody.
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

// tryPassword counts the guess before it looks at it, or of a hundred at once
// all would be looked at. A right one is not counted.
func (a *App) tryPassword(ctx context.Context, c *gin.Context, guess string) error {
	address := a.clients.Address(c.Request)
	if err := a.store.TakeGuess(ctx, address); err != nil {
		return err
	}
	if !a.password.Matches(guess) {
		return errWrongPassword
	}
	return a.store.ForgetGuess(ctx, address)
}

// isSecure reports whether the browser speaks https, to whatever stands in
// front of this server. It believes everybody: who lies has a cookie less.
func isSecure(request *http.Request) bool {
	return request.TLS != nil || strings.EqualFold(request.Header.Get("X-Forwarded-Proto"), "https")
}
