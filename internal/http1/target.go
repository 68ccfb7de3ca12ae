package http1

import "bytes"

// Errors of a target or a Host.
var (
	errTarget = bad("The request target is not a path or an http URL")
	errHost   = bad("The Host field is malformed")
	errNoHost = bad("The Host field is missing")
	errHosts  = bad("There is more than one Host field")
)

// target is a request target in its parts (RFC 9112 section 3.2).
type target struct {
	path []byte // what the server gets: origin-form or *
	host []byte // from the absolute form, else nil
}

// parseTarget accepts the three forms that a gateway serves. Bytes that are
// invalid in a URI but common (|, " and UTF-8) pass unchanged. A fragment is
// refused, because servers disagree on whether it is part of the path.
func parseTarget(text []byte, method []byte) (target, error) {
	for _, c := range text {
		if c <= ' ' || c == 0x7f || c == '#' {
			return target{}, errTarget
		}
	}
	switch {
	case len(text) == 0:
		return target{}, errTarget
	case text[0] == '/':
		return target{path: text}, nil
	case len(text) == 1 && text[0] == '*' && string(method) == "OPTIONS":
		return target{path: text}, nil
	}
	return parseAbsolute(text, method)
}

var asterisk, slash = []byte("*"), []byte("/")

// parseAbsolute reads http://host/path (RFC 9112 section 3.2.2).
func parseAbsolute(text, method []byte) (target, error) {
	scheme, rest, found := bytes.Cut(text, []byte("://"))
	if !found || !EqualFold(scheme, "http") && !EqualFold(scheme, "https") {
		return target{}, errTarget
	}
	host, path := rest, slash
	if i := bytes.IndexAny(rest, "/?"); i >= 0 {
		host, path = rest[:i], rest[i:]
	} else if string(method) == "OPTIONS" {
		path = asterisk // RFC 9112 section 3.2.4
	}
	if len(host) == 0 || host[0] == ':' || !isHost(host) {
		return target{}, errTarget
	}
	if path[0] == '?' {
		path = append([]byte("/"), path...)
	}
	return target{path: path, host: host}, nil
}

// isHostName is the set of bytes that a host may have (RFC 3986 section 3.2.2,
// reg-name), except %.
var isHostName = table("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=")

var isAddress6 = table("0123456789abcdefABCDEF:.")

// isHost reports whether text is a host with an optional port (RFC 9110 section
// 7.2), or empty.
func isHost(text []byte) bool {
	if len(text) > 0 && text[0] == '[' {
		end := bytes.IndexByte(text, ']')
		return end > 2 && all(text[1:end], &isAddress6) && isPort(text[end+1:])
	}
	name, port := text, []byte(nil)
	if i := bytes.IndexByte(text, ':'); i >= 0 {
		name, port = text[:i], text[i:]
	}
	for i := 0; i < len(name); i++ {
		if name[i] == '%' {
			if i+2 >= len(name) || hex(name[i+1]) < 0 || hex(name[i+2]) < 0 {
				return false
			}
			i += 2
		} else if !isHostName[name[i]] {
			return false
		}
	}
	return isPort(port) && (len(name) > 0 || len(port) == 0)
}

// isPort reports whether text is empty, or a colon and an optional port.
func isPort(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	if text[0] != ':' || len(text) > len(":65535") {
		return false
	}
	port, ok := decimal(text[1:])
	return len(text) == 1 || ok && port <= 65535
}

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= lower(c) && lower(c) <= 'f':
		return int(lower(c)-'a') + 10
	}
	return -1
}
