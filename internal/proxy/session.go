package proxy

import (
	"bytes"

	"deux/internal/http1"
)

// A browser sends a cookie to every port of a host (RFC 6265 section 8.5): also
// that of the web app's session to the pushed apps, any of which could then act
// as the person who has logged in. So the proxies of the colours hold it back.

// sessionName is how the name of such a cookie begins (access.NewSessions).
var sessionName = []byte("deux_session_")

// isOfColour reports whether the servers are releases of a pushed app.
func (p *Proxy) isOfColour() bool { return p.config.Service != "proxy" }

// hasSession reports whether a field of the request may hold a session of the
// web app that its servers must not get.
func (c *client) hasSession(field *http1.Field) bool {
	return field.Role == http1.Cookie && c.isOfColour() && bytes.Contains(field.Value, sessionName)
}

// setsSession reports whether a field of the answer sets such a session.
func (c *client) setsSession(field *http1.Field) bool {
	return c.isOfColour() && bytes.HasPrefix(field.Value, sessionName)
}

// appendWithoutSession appends a Cookie field without the sessions in it, or
// nothing if that leaves nothing.
func appendWithoutSession(to []byte, field *http1.Field) []byte {
	start := len(to)
	to = append(append(to, field.Name...), ": "...)
	first := len(to)
	for cookie := range bytes.SplitSeq(field.Value, []byte(";")) {
		if cookie = bytes.Trim(cookie, " \t"); len(cookie) == 0 || bytes.HasPrefix(cookie, sessionName) {
			continue
		}
		if len(to) > first {
			to = append(to, "; "...)
		}
		to = append(to, cookie...)
	}
	if len(to) == first {
		return to[:start]
	}
	return append(to, "\r\n"...)
}
