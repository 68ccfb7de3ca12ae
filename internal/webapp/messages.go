package webapp

import (
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"deux/internal/fleet"
)

const (
	message     = "This message will self-destruct in 10 seconds."
	messageLife = 10 * time.Second
	maxKey      = 512 // bytes
)

type messageData struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Seconds int    `json:"seconds,omitempty"` // how long it will last
}

// Path returns the key as part of a URL.
func (m messageData) Path() string { return url.PathEscape(m.Key) }

func (a *App) setMessage(c *gin.Context) (reply, error) {
	key, err := keyOf(c)
	if err != nil {
		return reply{}, err
	}
	err = a.store.SetMessage(c.Request.Context(), key, message, messageLife, a.config.MaxKeys)
	return reply{http.StatusOK, "set", messageData{key, message, int(messageLife.Seconds())}}, err
}

func (a *App) getMessage(c *gin.Context) (reply, error) {
	key, err := keyOf(c)
	if err != nil {
		return reply{}, err
	}
	value, err := a.store.Message(c.Request.Context(), key)
	return reply{http.StatusOK, "get", messageData{Key: key, Value: value}}, err
}

// keyOf returns the key in the path. Any text may be a key, with a slash as %2F,
// except control characters and the names of the system's lists, which /set
// would overwrite.
func keyOf(c *gin.Context) (string, error) {
	key := c.Param("key")
	if c.Request.URL.RawPath != "" { // otherwise the path is already unescaped
		unescaped, err := url.PathUnescape(key)
		if err != nil {
			return "", errBadKey
		}
		key = unescaped
	}
	if len(key) > maxKey || !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl) {
		return "", errBadKey
	}
	if fleet.Reserved(key) {
		return "", errReservedKey
	}
	return key, nil
}
