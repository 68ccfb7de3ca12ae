package webapp

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"deux/internal/fleet"
)

// What is wrong with a request, or with this server.
var (
	errNoPage      = errors.New("no such page")
	errAhead       = errors.New("asked for ahead of time")
	errNoMethod    = errors.New("method not allowed")
	errBadKey      = errors.New("bad key")
	errReservedKey = errors.New("reserved key")
	errBrokenForm  = errors.New("broken form")
	errNoImage     = errors.New("no picture in the form")
	errEmptyImage  = errors.New("empty picture")
	errNotImage    = errors.New("not a picture")
	errLargeImage  = errors.New("picture too large")
	errBrokenLogin = errors.New("broken login")
	errPanic       = errors.New("panic")
)

// refusal is how an error is told: status, sentence, and after how many
// seconds it is worth trying again, if that helps at all.
type refusal struct {
	err        error
	status     int
	sentence   string
	retryAfter string
}

// refusals is every error that a page knows. Any other means that Redis is away.
func refusals(config Config) []refusal {
	return []refusal{
		{errNoPage, http.StatusNotFound, "There is no such page.", ""},
		{errNoMethod, http.StatusMethodNotAllowed, "This page does not take this method.", ""},
		{errAhead, http.StatusServiceUnavailable, "Nothing here is fetched ahead of time: ask when it is wanted.", ""},
		{errPanic, http.StatusInternalServerError, "Something went wrong in this server. Its log says what.", ""},

		{fleet.ErrPassword, http.StatusServiceUnavailable,
			"This server does not have the password that Redis asks for. make up gives it to all: try again in a moment.", "5"},
		{fleet.ErrOutOfMemory, http.StatusInsufficientStorage,
			"Redis is full, so nothing can be stored. Look at some pictures at /meow first.", ""},
		{errForeignHost, http.StatusMisdirectedRequest,
			"This system does not answer under this name. If it is one of its own, add it to ALLOWED_HOSTS and run make up; an IP address always works.", ""},
		{errReadOnly, http.StatusForbidden, "Nothing can be changed here: READ_ONLY is set.", ""},
		{errOtherSite, http.StatusForbidden,
			"A page of another site asked for this, so nothing was changed. Use the buttons of this one, or open the page yourself.", ""},
		{errLogin, http.StatusUnauthorized, "This needs the password: log in at /login, or send it as Authorization: Bearer PASSWORD.", ""},
		{errWrongPassword, http.StatusUnauthorized, "That is not the password.", ""},
		{fleet.ErrTooManyGuesses, http.StatusTooManyRequests, "Too many passwords were tried. Wait a second.", "1"},
		{errBrokenLogin, http.StatusBadRequest, "The form is incomplete. Log in at /login.", ""},

		{errTooManyViewers, http.StatusServiceUnavailable, fmt.Sprintf("%d pages of this server are live, as many as may be.", maxViewers), "5"},
		{errNoMoreEvents, http.StatusServiceUnavailable, "This server is about to go. Ask again, and another answers.", "1"},

		{fleet.ErrFull, http.StatusTooManyRequests, fmt.Sprintf(
			"There are %d servers, as many as there may be. Destroy one first.", config.MaxServers), "30"},
		{fleet.ErrOutOfPorts, http.StatusServiceUnavailable,
			"No port is left for another server. Destroy the one with the highest port first.", ""},

		{errBadKey, http.StatusBadRequest, fmt.Sprintf(
			"A key is text in UTF-8 of at most %d bytes, without control characters.", maxKey), ""},
		{errReservedKey, http.StatusConflict, "The system keeps one of its own lists under this key. Choose another.", ""},
		{fleet.ErrTooManyMessages, http.StatusTooManyRequests, fmt.Sprintf(
			"There are %d keys, as many as are kept. Wait until some have self-destructed.", config.MaxKeys), "10"},
		{fleet.ErrNoMessage, http.StatusNotFound, "There is no message under this key, or it has self-destructed.", ""},

		{errBrokenForm, http.StatusBadRequest, "This is no complete form. " + uploadAdvice, ""},
		{errNoImage, http.StatusBadRequest, "The form has no field image. " + uploadAdvice, ""},
		{errEmptyImage, http.StatusBadRequest, "No picture was chosen, or its file is empty.", ""},
		{errNotImage, http.StatusUnsupportedMediaType, "This is no picture: send a PNG, JPEG, GIF, WebP, BMP or ICO.", ""},
		{errLargeImage, http.StatusRequestEntityTooLarge, fmt.Sprintf(
			"The picture is too large: %d MiB at most.", maxImage>>20), ""},
		{fleet.ErrTooManyImages, http.StatusInsufficientStorage, fmt.Sprintf(
			"There are %d pictures, as many as are kept. Look at some at /meow first.", config.MaxImages), ""},
		{fleet.ErrImagesTooLarge, http.StatusInsufficientStorage, fmt.Sprintf(
			"With this picture, those that wait to be seen would take more than %d MiB. Look at some at /meow first.", config.MaxImageBytes>>20), ""},
		{fleet.ErrNoImages, http.StatusNotFound, "No pictures left.", ""},
	}
}

const uploadAdvice = `Send a picture with: curl -F "image=@cat.jpg" http://HOST:PORT/upload`

// redisAway answers every error that is not in the table. What Redis itself
// refuses (it is loading, or its disk is full) also passes or needs a person.
var redisAway = refusal{
	status:     http.StatusServiceUnavailable,
	sentence:   "Redis does not answer. Start it (make up) and try again.",
	retryAfter: "5",
}

// refuse returns what to tell about err.
func (a *App) refuse(c *gin.Context, err error) reply {
	refused := a.refusalOf(err)
	if refused.retryAfter != "" {
		c.Header("Retry-After", refused.retryAfter)
	}
	if refused.status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", "Bearer") // RFC 9110 section 11.6.1 asks for one
	}
	return reply{refused.status, "refusal", refusalData{
		Error: refused.sentence,
		Title: http.StatusText(refused.status),
	}}
}

type refusalData struct {
	Error string `json:"error"`
	Title string `json:"-"`
}

func (a *App) refusalOf(err error) refusal {
	for _, refused := range a.refusals {
		if errors.Is(err, refused.err) {
			return refused
		}
	}
	if !errors.Is(err, context.Canceled) { // the client left; Redis may be well
		a.outage.begin(err)
	}
	return redisAway
}
