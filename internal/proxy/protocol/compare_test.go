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

// framers are fields whose place among the others has no meaning, and that the
// proxy writes itself.
var framers = []string{"host", "content-length", "transfer-encoding", "connection", "te", "upgrade"}

// variable are the fields that count only in cases that name them.
var variable = []string{
	"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "via", "x-request-id",
	"x-served-by", "date",
}

// compareHeads returns an error unless got is what the case wants. served is
// the X-Served-By that an answer must have, if any.
func compareHeads(got, want *message, served string) error {
	if got.start != want.start {
		return fmt.Errorf("got %q, want %q; fields %q", got.start, want.start, got.fields)
	}
	gotOrdered, gotFramers := got.comparable(want)
	wantOrdered, wantFramers := want.comparable(want)
	if !slices.Equal(gotOrdered, wantOrdered) || !slices.Equal(gotFramers, wantFramers) {
		return fmt.Errorf("%q: got fields %q and %q, want %q and %q",
			got.start, gotOrdered, gotFramers, wantOrdered, wantFramers)
	}
	if by := got.values("X-Served-By"); served != "" && !slices.Equal(by, []string{served}) {
		return fmt.Errorf("%q: got X-Served-By %q, want %q", got.start, by, served)
	}
	return nil
}

// comparable returns the fields that count where want is wanted: those whose
// order counts, and the framers, sorted, and without what makes no difference
// in them.
func (m *message) comparable(want *message) (ordered, framing []string) {
	for _, f := range m.fields {
		name := strings.ToLower(f.name)
		persistence := name == "connection" && slices.Contains([]string{"close", "keep-alive"}, strings.ToLower(f.value))
		switch {
		case (persistence || slices.Contains(variable, name)) && len(want.values(name)) == 0:
		case name == "content-length":
			framing = append(framing, name+": "+cmp.Or(strings.TrimLeft(f.value, "0"), "0"))
		case name == "host" || name == "upgrade":
			framing = append(framing, name+": "+f.value)
		case slices.Contains(framers, name):
			framing = append(framing, name+": "+strings.ToLower(f.value))
		default:
			ordered = append(ordered, f.String())
		}
	}
	slices.Sort(framing)
	return ordered, framing
}
