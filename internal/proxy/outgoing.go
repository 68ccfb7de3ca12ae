package proxy

import (
	"strconv"

	"deux/internal/http1"
)

// appendRequest appends the request's head as the server gets it, and its body
// if all of it is here. Fields for this connection alone are left out (RFC 9110
// section 7.6.1); the forwarding fields are the proxy's own.
func (c *client) appendRequest(to []byte) []byte {
	q := &c.request
	to = append(to, q.Method...)
	to = append(to, ' ')
	to = append(to, q.Target...)
	to = append(to, " HTTP/1.1\r\nHost: "...)
	if q.HasHost {
		to = append(to, q.Host...)
	} else {
		to = append(to, c.at.to.Address()...)
	}
	to = append(to, "\r\n"...)
	for i := range q.Fields {
		switch field := &q.Fields[i]; {
		case !c.passes(field):
		case c.hasSession(field):
			to = appendWithoutSession(to, field)
		default:
			to = http1.AppendField(to, *field)
		}
	}
	to = c.appendForwarding(to)
	to = c.appendHops(to)
	to = append(to, "\r\n"...)
	return append(to, c.whole...)
}

// passes reports whether a field goes to the server.
func (c *client) passes(field *http1.Field) bool {
	switch field.Role {
	case http1.EndToEnd, http1.Date, http1.Accept, http1.ServedBy, http1.Cookie, http1.SetCookie:
		return true
	case http1.RequestID:
		return c.trusted && c.at.id == nil
	case http1.Forwarding:
		return c.trusted && !isExtended(field.Name)
	}
	return false
}

// appendHops appends the fields for the connection to the server.
func (c *client) appendHops(to []byte) []byte {
	q := &c.request
	if c.at.id != nil {
		to = append(append(append(to, "X-Request-Id: "...), c.at.id...), "\r\n"...)
	}
	switch q.Body.Kind {
	case http1.Sized:
		to = append(to, "Content-Length: "...)
		to = strconv.AppendInt(to, q.Body.Length, 10)
		to = append(to, "\r\n"...)
	case http1.Chunked:
		to = append(to, "Transfer-Encoding: chunked\r\n"...)
	}
	if q.Trailers {
		to = append(to, "TE: trailers\r\n"...)
	}
	if q.Upgrade != nil {
		to = append(append(append(to, "Upgrade: "...), q.Upgrade...), "\r\n"...)
	}
	return appendConnection(to, q.Upgrade != nil, q.Trailers, c.isAlone() && q.Upgrade == nil)
}

func appendConnection(to []byte, upgrade, trailers, end bool) []byte {
	if !upgrade && !trailers && !end {
		return to // HTTP/1.1 connections persist by default
	}
	to = append(to, "Connection: "...)
	for _, option := range []struct {
		set  bool
		name string
	}{{upgrade, "Upgrade, "}, {trailers, "TE, "}, {end, "close, "}} {
		if option.set {
			to = append(to, option.name...)
		}
	}
	return append(to[:len(to)-len(", ")], "\r\n"...)
}
