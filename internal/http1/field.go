package http1

import "bytes"

// Field is one field line as received. Role says what a gateway does with it.
type Field struct {
	Name, Value []byte
	Role        Role
}

// Role is what a field means to a gateway.
type Role uint8

// The roles of fields.
const (
	EndToEnd   Role = iota // passes unchanged
	HopByHop               // is only for this connection (RFC 9110 section 7.6.1)
	Framed                 // Content-Length and Transfer-Encoding: written by the gateway
	Host                   // of a request
	Forwarding             // says on whose behalf a request is sent: X-Forwarded-*, Forwarded, Via, X-Real-IP
	Twin                   // reads as a Forwarding field or X-Request-Id in CGI and WSGI, where _ and - are one
	RequestID              // X-Request-Id
	ServedBy               // X-Served-By
	Date                   // of an answer
	Accept                 // of a request
	Cookie                 // of a request
	SetCookie              // of an answer
	roles                  // how many there are
)

// longestKnown is the length of the longest name that roleOf knows.
const longestKnown = len("proxy-authorization")

// roleOf returns the role of a field by its name.
func roleOf(name []byte) Role {
	var folded [longestKnown]byte
	underscore := false
	for i, c := range name {
		if i == len(folded) {
			break
		}
		if c == '_' {
			underscore, c = true, '-'
		}
		folded[i] = lower(c)
	}
	short := folded[:min(len(name), len(folded))]
	role := EndToEnd
	if len(name) <= len(folded) {
		role = roleByName(short)
	}
	if bytes.HasPrefix(short, []byte("x-forwarded-")) {
		role = Forwarding
	}
	if !underscore {
		return role
	}
	if role == Forwarding || role == RequestID {
		return Twin
	}
	return EndToEnd
}

func roleByName(name []byte) Role {
	switch string(name) {
	case "connection", "keep-alive", "proxy-connection", "te", "upgrade", "http2-settings",
		"proxy-authenticate", "proxy-authorization":
		return HopByHop
	case "content-length", "transfer-encoding":
		return Framed
	case "host":
		return Host
	case "forwarded", "via", "x-real-ip":
		return Forwarding
	case "x-request-id":
		return RequestID
	case "x-served-by":
		return ServedBy
	case "date":
		return Date
	case "accept":
		return Accept
	case "cookie":
		return Cookie
	case "set-cookie":
		return SetCookie
	}
	return EndToEnd
}

// Errors of a field.
var (
	errNoColon       = bad("A field line has no colon")
	errName          = bad("A field name is empty or has an invalid character")
	errSpaceInName   = bad("There is white space before the colon of a field")
	errFolded        = bad("A field line is folded")
	errValue         = bad("A field value has a control character")
	errManyFields    = &Error{431, "There are too many fields"}
	errTrailerFields = bad("The trailer section is malformed or too long")
)

// line cuts the first line off head, and drops its CR LF.
func line(head []byte) (first, rest []byte) {
	i := bytes.IndexByte(head, '\n')
	return head[:i-1], head[i+1:]
}

// parseFields appends the fields of lines, which end with an empty line. With
// lenient set, white space before a colon is dropped, as a gateway does in
// answers but never in requests (RFC 9112 section 5.1).
func parseFields(fields []Field, lines []byte, most int, lenient bool) ([]Field, error) {
	for {
		var text []byte
		text, lines = line(lines)
		if len(text) == 0 {
			return fields, nil
		}
		if len(fields) == most {
			return fields, errManyFields
		}
		field, err := parseField(text, lenient)
		if err != nil {
			return fields, err
		}
		fields = append(fields, field)
	}
}

func parseField(text []byte, lenient bool) (Field, error) {
	if text[0] == ' ' || text[0] == '\t' {
		return Field{}, errFolded // RFC 9112 section 5.2
	}
	colon := bytes.IndexByte(text, ':')
	if colon < 0 {
		return Field{}, errNoColon
	}
	name := text[:colon]
	if trimmed := trim(name); len(trimmed) != len(name) {
		if !lenient {
			return Field{}, errSpaceInName
		}
		name = trimmed
	}
	if !IsToken(name) {
		return Field{}, errName
	}
	value := trim(text[colon+1:])
	if !isText(value) {
		return Field{}, errValue
	}
	return Field{name, value, roleOf(name)}, nil
}

// connection is what a message's Connection fields say (RFC 9110 section 7.6.1).
type connection struct{ close, keepAlive, upgrade bool }

// The roles of fields that Connection cannot remove: those that frame and, in a
// request, those that route. A client that names Host there must not have it
// removed on the way to the server.
var (
	staysInRequest = [roles]bool{Framed: true, Host: true, Forwarding: true, Twin: true}
	staysInAnswer  = [roles]bool{Framed: true}
)

// readConnection reads the Connection fields and gives every field that they
// name the role HopByHop, unless its role stays.
func readConnection(fields []Field, stays *[roles]bool) (c connection) {
	for i := range fields {
		if !EqualFold(fields[i].Name, "connection") {
			continue
		}
		for option := range elements(fields[i].Value) {
			switch {
			case EqualFold(option, "close"):
				c.close = true
			case EqualFold(option, "keep-alive"):
				c.keepAlive = true
			case EqualFold(option, "upgrade"):
				c.upgrade = true
			default:
				dropNamed(fields, option, stays)
			}
		}
	}
	return c
}

func dropNamed(fields []Field, name []byte, stays *[roles]bool) {
	for i := range fields {
		if !stays[fields[i].Role] && bytes.EqualFold(fields[i].Name, name) {
			fields[i].Role = HopByHop
		}
	}
}

// AppendField appends a field line.
func AppendField(to []byte, field Field) []byte {
	to = append(to, field.Name...)
	to = append(to, ": "...)
	to = append(to, field.Value...)
	return append(to, '\r', '\n')
}
