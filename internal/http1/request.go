package http1

import "bytes"

// Request is the head of a request.
type Request struct {
	Method    []byte
	Target    []byte // for the server: origin-form, or * of OPTIONS
	Host      []byte // from an absolute target, else from the Host field; may be empty
	HasHost   bool   // false only in HTTP/1.0
	Minor     int    // of HTTP/1.Minor; 1 for a later one (RFC 9110 section 2.5)
	Fields    []Field
	Body      Framing
	KeepAlive bool   // the client may send another request (RFC 9112 section 9.3)
	Continue  bool   // the client waits for 100 before it sends the body (RFC 9110 section 10.1.1)
	Trailers  bool   // the client understands trailers in the answer (TE: trailers)
	Upgrade   []byte // the protocols that the client wants to switch to, or nil
}

// Errors of a request.
var (
	errRequestLine = bad("The request line is malformed")
	errVersion     = &Error{505, "Only HTTP/1.1 and HTTP/1.0 are spoken here"}
	errMethod      = &Error{405, "This method is not allowed here"}
	errExpect      = &Error{417, "Only 100-continue can be expected"}
)

// Parse reads a head that Reader.Head returned.
func (q *Request) Parse(head []byte, limits Limits) error {
	*q = Request{Fields: q.Fields[:0]}
	first, rest := line(head)
	parsed, err := q.parseLine(first, limits)
	if err != nil {
		return err
	}
	if q.Fields, err = parseFields(q.Fields, rest, limits.Fields, false); err != nil {
		return err
	}
	framing := readFraming(q.Fields)
	if q.Body, err = framing.framing(q.Minor); err != nil {
		return err
	}
	if err := q.parseHost(parsed.host); err != nil {
		return err
	}
	if string(q.Method) == "CONNECT" || string(q.Method) == "TRACE" {
		return errMethod
	}
	return q.parseHops()
}

// parseLine reads METHOD SP TARGET SP VERSION (RFC 9112 section 3), strictly:
// with single spaces.
func (q *Request) parseLine(text []byte, limits Limits) (target, error) {
	method, rest, found := bytes.Cut(text, []byte(" "))
	i := bytes.LastIndexByte(rest, ' ')
	if !found || i < 0 || len(method) == 0 || !all(method, &isToken) {
		return target{}, errRequestLine
	}
	text, version := rest[:i], rest[i+1:]
	major, minor, ok := parseVersion(version)
	if !ok || bytes.IndexByte(text, ' ') >= 0 {
		return target{}, errRequestLine
	}
	if major != 1 {
		return target{}, errVersion
	}
	if len(text) > limits.Target {
		return target{}, errLongTarget
	}
	q.Method, q.Minor = method, min(minor, 1)
	if string(method) == "CONNECT" {
		return target{}, nil // refused for its method, whatever its target
	}
	parsed, err := parseTarget(text, method)
	q.Target = parsed.path
	return parsed, err
}

// parseVersion reads HTTP/x.y (RFC 9112 section 2.3).
func parseVersion(text []byte) (major, minor int, ok bool) {
	if len(text) != len("HTTP/1.1") || string(text[:5]) != "HTTP/" || text[6] != '.' {
		return 0, 0, false
	}
	major, minor = int(text[5])-'0', int(text[7])-'0'
	return major, minor, 0 <= major && major <= 9 && 0 <= minor && minor <= 9
}

// parseHost finds the request's host (RFC 9112 section 3.2). The host of an
// absolute target overrides the Host field, which must be valid all the same.
func (q *Request) parseHost(absolute []byte) error {
	for i := range q.Fields {
		if q.Fields[i].Role != Host {
			continue
		}
		if q.HasHost {
			return errHosts
		}
		q.HasHost, q.Host = true, q.Fields[i].Value
	}
	if !q.HasHost && q.Minor > 0 {
		return errNoHost
	}
	if !isHost(q.Host) {
		return errHost
	}
	if absolute != nil {
		q.HasHost, q.Host = true, absolute
	}
	return nil
}

// parseHops reads what is for this connection and not for the server.
func (q *Request) parseHops() error {
	connection := readConnection(q.Fields, &staysInRequest)
	q.KeepAlive = !connection.close && (q.Minor > 0 || connection.keepAlive)
	for i := range q.Fields {
		name, value := q.Fields[i].Name, q.Fields[i].Value
		switch {
		case len(name) == len("te") && EqualFold(name, "te"):
			for coding := range elements(value) {
				q.Trailers = q.Trailers || EqualFold(coding, "trailers")
			}
		case len(name) == len("expect") && EqualFold(name, "expect") && q.Minor > 0:
			if !EqualFold(value, "100-continue") {
				return errExpect
			}
			q.Continue = true
		case len(name) == len("upgrade") && EqualFold(name, "upgrade") && connection.upgrade:
			q.Upgrade = value
		}
	}
	if q.Minor == 0 || q.Body.Kind != Empty || offersHTTP2(q.Upgrade) {
		q.Upgrade = nil // RFC 9110 section 7.8: a server may ignore it
	}
	return nil
}

// offersHTTP2 reports whether a client wants to switch to HTTP/2 (RFC 7540
// section 3.2): the gateway would not see any request that follows.
func offersHTTP2(protocols []byte) bool {
	for protocol := range elements(protocols) {
		if EqualFold(protocol, "h2c") || EqualFold(protocol, "h2") {
			return true
		}
	}
	return false
}
