package protocol

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// parseMessage reads a message that a case writes down. One that is a part
// ends where the text ends.
func parseMessage(text string, toHead, part bool) (m *message, body string, err error) {
	m, err = readHead(bufio.NewReader(strings.NewReader(text)), toHead)
	if err != nil {
		return m, "", fmt.Errorf("the case's own %q: %w", text, err)
	}
	body, err = m.readRest()
	if part && errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	if err == nil && m.in.Buffered() > 0 {
		err = errors.New("bytes behind the message")
	}
	if err != nil {
		err = fmt.Errorf("the case's own %q: %w", text, err)
	}
	return m, body, err
}

// compareMessages returns an error unless got, with its body, is what the case
// wants.
func compareMessages(got *message, body string, want *message, wantBody, served string) error {
	if err := compareHeads(got, want, served); err != nil {
		return err
	}
	if body != wantBody {
		return fmt.Errorf("%q: got body %.300q of %d bytes, want %.300q of %d", got.start, body, len(body), wantBody, len(wantBody))
	}
	if fmt.Sprint(got.trailers) != fmt.Sprint(want.trailers) {
		return fmt.Errorf("%q: got trailers %q, want %q", got.start, got.trailers, want.trailers)
	}
	return nil
}

// placeless are fields whose place among the others has no meaning, because
// the proxy writes them itself.
var placeless = append([]string{"host", "content-length", "transfer-encoding", "connection", "te", "upgrade"}, ours...)

// ours are the fields that say of a request where it came from.
var ours = []string{"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "via", "x-request-id"}

// optional are the fields that count only in cases that name them.
var optional = append([]string{"x-served-by", "date"}, ours...)

// compareHeads returns an error unless got is what the case wants. served is
// the X-Served-By that an answer must have, if any.
func compareHeads(got, want *message, served string) error {
	if got.start != want.start {
		return fmt.Errorf("got %q, want %q; fields %q", got.start, want.start, got.fields)
	}
	gotPlaced, gotPlaceless := got.comparable(want)
	wantPlaced, wantPlaceless := want.comparable(want)
	if !slices.Equal(gotPlaced, wantPlaced) || !slices.Equal(gotPlaceless, wantPlaceless) {
		return fmt.Errorf("%q: got fields %q and %q, want %q and %q",
			got.start, gotPlaced, gotPlaceless, wantPlaced, wantPlaceless)
	}
	if by := got.values("X-Served-By"); served != "" && !slices.Equal(by, []string{served}) {
		return fmt.Errorf("%q: got X-Served-By %q, want %q", got.start, by, served)
	}
	return nil
}

// comparable returns the fields that count where want is wanted: those whose
// place counts, and the others, sorted.
func (m *message) comparable(want *message) (placed, others []string) {
	for _, f := range m.fields {
		name := strings.ToLower(f.name)
		switch {
		case (f.isPersistence() || slices.Contains(optional, name)) && len(want.values(name)) == 0:
		case slices.Contains(placeless, name):
			others = append(others, name+": "+f.meaning())
		default:
			placed = append(placed, f.String())
		}
	}
	slices.Sort(others)
	return placed, others
}

// isPersistence reports whether the field says no more than whether the
// connection stays.
func (f field) isPersistence() bool {
	return strings.EqualFold(f.name, "Connection") &&
		(strings.EqualFold(f.value, "close") || strings.EqualFold(f.value, "keep-alive"))
}

// meaning returns the value without what makes no difference in it.
func (f field) meaning() string {
	switch strings.ToLower(f.name) {
	case "content-length":
		return cmp.Or(strings.TrimLeft(f.value, "0"), "0")
	case "connection", "te", "transfer-encoding":
		return strings.ToLower(f.value)
	}
	return f.value
}
