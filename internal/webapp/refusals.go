package webapp

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"deux/internal/fleet"
)

// Errors of a request, or of this server.
var (
	errNoPage       = errors.New("no such page")
	errAhead        = errors.New("asked for ahead of time")
	errNoMethod     = errors.New("method not allowed")
	errNoServer     = errors.New("no server in the form")
	errNotServer    = errors.New("not a server")
	errBrokenFields = errors.New("not a form")
	errBadKey       = errors.New("bad key")
	errReservedKey  = errors.New("reserved key")
	errBrokenForm   = errors.New("broken form")
	errNoImage      = errors.New("no picture in the form")
	errEmptyImage   = errors.New("empty picture")
	errNotImage     = errors.New("not a picture")
	errLargeImage   = errors.New("picture too large")
	errSlowImage    = errors.New("picture took too long")
	errNoSlot       = errors.New("too many pictures at once")
	errBrokenLogin  = errors.New("broken login")
	errPanic        = errors.New("panic")
)

// refusal is how an error is presented: status, title, sentence, and the seconds
// after which to try again, if that helps at all.
type refusal struct {
	err        error
	status     int
	title      string
	sentence   string
	retryAfter string
}

// refusals is every error that a page knows. Any other error means that Redis is
// away.
func refusals(config Config) []refusal {
	return slices.Concat(commonRefusals, accessRefusals, serverRefusals(config), messageRefusals(config), imageRefusals(config))
}

var commonRefusals = []refusal{
	{errNoPage, http.StatusNotFound, "Page not found", "There is no such page.", ""},
	{errNoMethod, http.StatusMethodNotAllowed, "Wrong method", "This page does not support this method.", ""},
	{errAhead, http.StatusServiceUnavailable, "Not prefetched", "This page cannot be prefetched.", ""},
	{errTooManyViewers, http.StatusServiceUnavailable, "Too many viewers", fmt.Sprintf("%d pages of this server are live: the limit is reached.", maxViewers), "5"},
	{errNoMoreEvents, http.StatusServiceUnavailable, "About to stop", "This server is about to stop. Ask again, and another answers.", "1"},
	{errPanic, http.StatusInternalServerError, "Server error", "Something went wrong in this server. Its log says what.", ""},
	{fleet.ErrPassword, http.StatusServiceUnavailable, "Redis wants a password",
		"This server does not have the password that Redis asks for. Run make up, which gives it to every server, and try again.", "5"},
	{fleet.ErrOutOfMemory, http.StatusInsufficientStorage, "Redis is full",
		"Redis is full, so nothing can be stored. Look at some pictures at /meow first.", ""},
}

var accessRefusals = []refusal{
	{errForeignHost, http.StatusMisdirectedRequest, "Unknown name",
		"This system does not answer under this name. If it is one of its own, add it to ALLOWED_HOSTS and run make up; an IP address always works.", ""},
	{errReadOnly, http.StatusForbidden, "Read-only", "Nothing can be changed here: READ_ONLY is set.", ""},
	{errOtherSite, http.StatusForbidden, "Another site asked",
		"A page of another site asked for this, so nothing was changed. Use the buttons of this one, or open the page yourself.", ""},
	{errLogin, http.StatusUnauthorized, "Log in first", "This needs the password: log in at /login, or send it as Authorization: Bearer PASSWORD.", ""},
	{errWrongPassword, http.StatusUnauthorized, "Wrong password", "That is not the password.", ""},
	{fleet.ErrTooManyGuesses, http.StatusTooManyRequests, "Too many passwords", "Too many passwords were tried. Wait a second.", "1"},
	{errBrokenLogin, http.StatusBadRequest, "Incomplete form", "The form is incomplete. Log in at /login.", ""},
}

func serverRefusals(config Config) []refusal {
	expected := fmt.Sprintf("Send the form field server=%s, with the port of one of this system's servers.",
		config.Site.Server(config.Site.First+1).URL)
	return []refusal{
		{fleet.ErrFull, http.StatusTooManyRequests, "The system is full", fmt.Sprintf(
			"The limit of %d servers is reached. Destroy one first.", config.MaxServers), "30"},
		{fleet.ErrOutOfPorts, http.StatusServiceUnavailable, "No port is left",
			"No port is left for another server. Destroy the one with the highest port first.", ""},
		{errNoServer, http.StatusBadRequest, "Which server?", "The form has no field server. " + expected, ""},
		{errNotServer, http.StatusBadRequest, "Not a server", "The field server is not the URL of a server. " + expected, ""},
		{errBrokenFields, http.StatusBadRequest, "Incomplete form", "The body is not a form that can be read. " + expected, ""},
		{fleet.ErrFirstServer, http.StatusConflict, "The first server stays", "The first server is never destroyed or spawned here: make up starts it.", ""},
		{fleet.ErrNotListed, http.StatusConflict, "Not in rotation",
			"This server is not in rotation, so it cannot be destroyed now. See /listservers.", ""},
		{fleet.ErrAlreadyGoing, http.StatusConflict, "Already going", "This server is already on its way out.", ""},
		{fleet.ErrNotFailed, http.StatusConflict, "Not failed", "This is no longer among the failed. See /listservers.", ""},
	}
}

func messageRefusals(config Config) []refusal {
	return []refusal{
		{errBadKey, http.StatusBadRequest, "Not a key", fmt.Sprintf(
			"A key is text in UTF-8 of at most %d bytes, without control characters.", maxKey), ""},
		{errReservedKey, http.StatusConflict, "The key is taken", "The system keeps one of its own lists under this key. Choose another.", ""},
		{fleet.ErrTooManyMessages, http.StatusTooManyRequests, "Too many keys", fmt.Sprintf(
			"The limit of %d keys is reached. Wait until some have self-destructed.", config.MaxKeys), "10"},
		{fleet.ErrNoMessage, http.StatusNotFound, "No message", "There is no message under this key, or it has self-destructed.", ""},
	}
}

func imageRefusals(config Config) []refusal {
	return []refusal{
		{errBrokenForm, http.StatusBadRequest, "Incomplete form", "The form is incomplete. " + uploadAdvice, ""},
		{errNoImage, http.StatusBadRequest, "No picture", "The form has no field image. " + uploadAdvice, ""},
		{errEmptyImage, http.StatusBadRequest, "No picture", "No picture was chosen, or its file is empty.", ""},
		{errNotImage, http.StatusUnsupportedMediaType, "Not a picture", "That is not a picture: send a PNG, JPEG, GIF, WebP, BMP or ICO.", ""},
		{errLargeImage, http.StatusRequestEntityTooLarge, "Picture too large", fmt.Sprintf(
			"The picture is too large: %d MiB at most.", maxImage>>20), ""},
		{errSlowImage, http.StatusRequestTimeout, "Picture too slow", fmt.Sprintf(
			"The picture took longer than %d seconds to arrive. Send a smaller one.", int(pictureTimeout.Seconds())), ""},
		{errNoSlot, http.StatusServiceUnavailable, "Too many at once", fmt.Sprintf(
			"%d pictures are on their way through this server: the limit is reached. Try again in a moment.", maxPictures), "5"},
		{fleet.ErrTooManyImages, http.StatusInsufficientStorage, "Too many pictures", fmt.Sprintf(
			"The limit of %d pictures is reached. Look at some at /meow first.", config.MaxImages), ""},
		{fleet.ErrImagesTooLarge, http.StatusInsufficientStorage, "Pictures too large", fmt.Sprintf(
			"With this picture, the waiting pictures would take more than %d MiB. Look at some at /meow first.", config.MaxImageBytes>>20), ""},
		{fleet.ErrNoImages, http.StatusNotFound, "No pictures left", "No pictures left.", ""},
	}
}

const uploadAdvice = `Send a picture with: curl -F "image=@cat.jpg" http://HOST:PORT/upload`

// redisAway answers every error that is not in the table. Redis's own refusals
// (it is loading, or its disk is full) also pass or need a person.
var redisAway = refusal{
	status:     http.StatusServiceUnavailable,
	title:      "Redis is away",
	sentence:   "Redis does not answer. Start it (make up) and try again.",
	retryAfter: "5",
}

// refuse returns the reply for err.
func (a *App) refuse(c *gin.Context, err error) reply {
	refused := a.refusalOf(err)
	if refused.retryAfter != "" {
		c.Header("Retry-After", refused.retryAfter)
	}
	if refused.status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", "Bearer") // RFC 9110 section 11.6.1 asks for one
	}
	return reply{refused.status, "refusal", refusalData{Error: refused.sentence, Title: refused.title}}
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
	a.redis.Note(err)
	return redisAway
}
