// Package http1 is the messages of HTTP/1.1 as a gateway needs them: it reads a
// head, says how long the body is and which fields are for the next hop, and
// reads the body. It knows connections and bytes, but not who is behind them.
//
// It is strict where two readers of one message could disagree, because that
// is how requests are smuggled (RFC 9112 section 11.2): such a message is an
// Error and never passed on. It does not change what it passes on: names and
// values keep their case, order and bytes. Nothing is allocated per message
// once a connection's buffers have grown. What a message holds is part of its
// Reader's buffer, and valid until the next head is read.
package http1

import (
	"bytes"
	"iter"
)

// Error is why a message is not passed on. Status is what the gateway answers if
// a client sent it (RFC 9110 section 15); if a server did, it answers 502.
type Error struct {
	Status int
	Why    string // a sentence without its full stop
}

// Error returns Why.
func (e *Error) Error() string { return e.Why }

// bad returns an Error for a message that is malformed or ambiguous.
func bad(why string) *Error { return &Error{400, why} }

// Limits bound what a head may hold.
type Limits struct {
	Head   int // bytes of the whole head; more is 431 (RFC 6585 section 5)
	Target int // bytes of the request target; more is 414 (RFC 9110 section 15.5.15)
	Fields int // field lines; more is 431
}

// Framing says where a body ends (RFC 9112 section 6.3).
type Framing struct {
	Kind   Kind
	Length int64 // bytes, of Sized
}

// Kind is a way to end a body.
type Kind uint8

// The ways to end a body.
const (
	Empty      Kind = iota // there is none
	Sized                  // after Length bytes
	Chunked                // with the last chunk
	UntilClose             // with the connection; only an answer
)

// isToken is the set of bytes that a token may have (RFC 9110 section 5.6.2).
var isToken = table("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

// IsToken reports whether text is a token.
func IsToken(text []byte) bool { return len(text) > 0 && all(text, &isToken) }

func table(of string) (set [256]bool) {
	for i := range len(of) {
		set[of[i]] = true
	}
	return set
}

func all(text []byte, set *[256]bool) bool {
	for _, c := range text {
		if !set[c] {
			return false
		}
	}
	return true
}

// isText reports whether a value has only bytes that a field value may have:
// visible characters, space, tab and bytes above ASCII (RFC 9110 section 5.5).
func isText(value []byte) bool {
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// lower returns the ASCII lower case of c.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// EqualFold reports whether text is word in any case. word is in lower case.
func EqualFold(text []byte, word string) bool {
	if len(text) != len(word) {
		return false
	}
	for i, c := range text {
		if lower(c) != word[i] {
			return false
		}
	}
	return true
}

// trim removes optional white space from both ends (RFC 9110 section 5.6.3).
func trim(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t') {
		text = text[1:]
	}
	for len(text) > 0 && (text[len(text)-1] == ' ' || text[len(text)-1] == '\t') {
		text = text[:len(text)-1]
	}
	return text
}

// elements returns the non-empty elements of a comma-separated list (RFC 9110
// section 5.6.1.2).
func elements(list []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for more := len(list) > 0; more; {
			var element []byte
			element, list, more = bytes.Cut(list, []byte(","))
			if element = trim(element); len(element) > 0 && !yield(element) {
				return
			}
		}
	}
}
