package access

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/securecookie"
)

// Sessions starts and reads sessions. A session is a cookie with an id and its
// time of issue, signed with a key derived from the password: any server of the
// fleet can read it, even if the server that issued it is gone, and a new
// password ends all sessions.
type Sessions struct {
	cookie  string // its name
	timeout time.Duration
	codec   *securecookie.SecureCookie
}

// NewSessions returns the Sessions for that password, each lasting for timeout.
// The cookie's name contains the fleet's, because a browser sends a cookie to
// every port of a host, where another system may listen.
func NewSessions(password *Password, timeout time.Duration) *Sessions {
	codec := securecookie.New(password.key("session"), nil)
	codec.MaxAge(int(timeout.Seconds()))
	codec.SetSerializer(securecookie.NopEncoder{})
	return &Sessions{cookie: "deux_session_" + password.fleet, timeout: timeout, codec: codec}
}

// Timeout returns how long a session lasts.
func (s *Sessions) Timeout() time.Duration { return s.timeout }

// Begin gives the browser behind response a new session. isSecure says that the
// browser speaks https, and limits the cookie to https.
//
// SameSite is Lax and not Strict, so that a person who follows a link to a page
// of this system stays logged in. Judge stops what a link must not do.
func (s *Sessions) Begin(response http.ResponseWriter, isSecure bool) error {
	value, err := s.codec.Encode(s.cookie, []byte(rand.Text()))
	if err != nil {
		return err
	}
	s.set(response, value, int(s.timeout.Seconds()), isSecure)
	return nil
}

// End tells the browser to forget its session. A copy of the cookie stays valid
// unless the caller records that its id has ended.
func (s *Sessions) End(response http.ResponseWriter, isSecure bool) {
	s.set(response, "", -1, isSecure)
}

func (s *Sessions) set(response http.ResponseWriter, value string, maxAge int, isSecure bool) {
	http.SetCookie(response, &http.Cookie{
		Name: s.cookie, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: isSecure, SameSite: http.SameSiteLaxMode,
	})
}

// ID returns the id of the request's session, if it has one that is signed and
// has not expired.
func (s *Sessions) ID(request *http.Request) (id string, found bool) {
	for _, cookie := range request.CookiesNamed(s.cookie) {
		var value []byte
		if s.codec.Decode(s.cookie, cookie.Value, &value) == nil {
			return string(value), true
		}
	}
	return "", false
}

// Bearer returns the password in the request's Authorization field (RFC 6750
// section 2.1), if it has one.
func Bearer(request *http.Request) (guess string, found bool) {
	scheme, guess, _ := strings.Cut(request.Header.Get("Authorization"), " ")
	return strings.TrimSpace(guess), strings.EqualFold(scheme, "Bearer")
}
