package protocol

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// verbs are what a line of a case can say. testdata/README.md explains them.
var verbs = map[string]func(p *play, text string) error{
	"client-sends":       func(p *play, text string) error { p.client.send(text); return nil },
	"client-half-closes": func(p *play, _ string) error { p.client.halfClose(); return nil },
	"client-closes":      func(p *play, _ string) error { p.client.close(); return nil },
	"client-resets":      func(p *play, _ string) error { p.client.reset(); return nil },
	"client-connects":    func(p *play, _ string) error { return p.connect() },
	"client-gets":        func(p *play, text string) error { return p.clientGets(text, false) },
	"client-gets-head":   func(p *play, text string) error { return p.clientGets(text, true) },
	"client-gets-part":   (*play).clientGetsPart,
	"client-gets-more":   func(p *play, text string) error { return p.client.getsMore(text) },
	"client-gets-end":    func(p *play, text string) error { return p.client.getsEnd(text) },
	"client-gets-cut":    func(p *play, _ string) error { return p.client.getsCut() },
	"client-gets-bytes":  func(p *play, text string) error { return p.client.getsBytes(text) },
	"client-has":         func(p *play, text string) error { return p.client.has(text) },
	"client-lacks":       func(p *play, text string) error { return p.client.lacks(text) },

	"server-gets":                     (*play).serverGets,
	"server-gets-part":                (*play).serverGetsPart,
	"server-gets-no-more-than-a-part": func(p *play, _ string) error { return p.serverGetsNothingWhole() },
	"server-gets-more":                onServer((*peer).getsMore),
	"server-gets-end":                 onServer((*peer).getsEnd),
	"server-gets-cut":                 onServer(func(c *peer, _ string) error { return c.getsCut() }),
	"server-gets-bytes":               onServer((*peer).getsBytes),
	"server-has":                      onServer((*peer).has),
	"server-lacks":                    onServer((*peer).lacks),
	"server-sends":                    onServer(func(c *peer, text string) error { c.send(text); return nil }),
	"server-half-closes":              onServer(func(c *peer, _ string) error { c.halfClose(); return nil }),
	"server-closes":                   (*play).serverCloses,
	"server-resets":                   (*play).serverResets,
	"server-closed":                   onServer(func(c *peer, _ string) error { return c.closed() }),
	"server-kept":                     onServer(func(c *peer, _ string) error { return c.wasKept(true) }),
	"server-fresh":                    onServer(func(c *peer, _ string) error { return c.wasKept(false) }),
	"server-refuses":                  func(p *play, _ string) error { return p.listener.Close() },
	"no-server":                       func(p *play, _ string) error { return p.listener.Close() },

	"passes":    (*play).passes,
	"relays":    (*play).relays,
	"asks":      (*play).asks,
	"answered":  func(p *play, _ string) error { return p.answered() },
	"refused":   (*play).refused,
	"fails":     func(p *play, _ string) error { return p.fails() },
	"open":      func(p *play, _ string) error { return p.open() },
	"closed":    func(p *play, _ string) error { return p.client.closed() },
	"unreached": func(p *play, _ string) error { return p.untouched() },
}

// onServer does something on the connection that brought the last request.
func onServer(act func(c *peer, text string) error) func(*play, string) error {
	return func(p *play, text string) error {
		if p.server == nil {
			return errors.New("the case's server has no connection here")
		}
		if err := p.server.SetReadDeadline(time.Now().Add(stepTimeout)); err != nil {
			return err
		}
		return act(p.server, text)
	}
}

func (c *peer) halfClose() { c.work <- func() { _ = c.CloseWrite() } }
func (c *peer) close()     { c.work <- func() { _ = c.Close() } }

// reset ends the connection with RST.
func (c *peer) reset() {
	c.work <- func() { _ = c.SetLinger(0); _ = c.Close() }
}

// okAnswer says all that a proxy might want to add, so that a case is about
// what it says it is about.
const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nDate: Thu, 01 Oct 2026 10:00:00 GMT\r\n\r\nok"

// asks sends a plain request, GET unless method says else, up to the server.
func (p *play) asks(method string) error {
	if method == "" {
		method = "GET"
	}
	request := method + " / HTTP/1.1\r\nHost: x\r\n\r\n"
	p.client.send(request)
	return p.serverGets(request)
}

// answered lets the server answer, and the client get it.
func (p *play) answered() error {
	p.server.send(okAnswer)
	return p.clientGets(okAnswer, false)
}

// passes wants a request to reach the server as it is, and to end well.
func (p *play) passes(request string) error {
	p.client.send(request)
	if err := p.serverGets(request); err != nil {
		return err
	}
	if err := p.answered(); err != nil {
		return err
	}
	return p.open()
}

// relays wants an answer to reach the client as it is, and to end well.
func (p *play) relays(answer string) error {
	if err := p.asks("GET"); err != nil {
		return err
	}
	p.server.send(answer)
	if err := p.clientGets(answer, false); err != nil {
		return err
	}
	return p.open()
}

// refused wants a refusal by the proxy itself that no server hears of.
func (p *play) refused(status string) error {
	if err := p.clientBeforeServer(); err != nil {
		return err
	}
	if err := p.clientGets(status, false); err != nil {
		return err
	}
	if err := p.client.closed(); err != nil {
		return err
	}
	return p.untouched()
}

// clientBeforeServer waits until the client gets something. It fails as soon as
// the server does.
func (p *play) clientBeforeServer() error {
	got := make(chan struct{})
	go func() {
		_, _ = p.client.in.Peek(1)
		close(got)
	}()
	select {
	case <-got:
		return nil
	case c := <-p.ready:
		_ = p.client.SetReadDeadline(time.Now())
		<-got
		return fmt.Errorf("the server got %q, want nothing", unread(c))
	}
}

// open proves that the connection takes another request, and that the server
// gets that one next.
func (p *play) open() error {
	const request = "GET /still-open HTTP/1.1\r\nHost: x\r\n\r\n"
	p.client.send(request)
	if err := p.serverGets(request); err != nil {
		return fmt.Errorf("the next request: %w", err)
	}
	if err := p.answered(); err != nil {
		return fmt.Errorf("the next request: %w", err)
	}
	return nil
}

// fails wants a 502 or an answer that is cut short: nothing that a client
// could take for the server's whole answer.
func (p *play) fails() error {
	m, err := readHead(p.client.in, false)
	if err != nil {
		if gone(err) {
			return nil
		}
		return err
	}
	_, status := m.status()
	body, err := m.readRest()
	switch {
	case status == 502 && err == nil, status != 502 && gone(err):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("got %q with body %q, whole, want 502 or a cut answer", m.start, body)
}

func (p *play) clientGets(text string, toHead bool) error {
	m, err := readHead(p.client.in, toHead)
	if err != nil {
		return fmt.Errorf("want %q: %w", text, err)
	}
	p.client.message = m
	body, err := m.readRest()
	if err != nil {
		return fmt.Errorf("got %q and of the body %q: %w", m.start, body, err)
	}
	if statuses.MatchString(text) {
		if _, got := m.status(); !slices.Contains(strings.Split(text, "|"), strconv.Itoa(got)) {
			return fmt.Errorf("got %q, body %q, want status %s", m.start, body, text)
		}
		return nil
	}
	want, wantBody, err := parseMessage(text, toHead, false)
	if err != nil {
		return err
	}
	return compareMessages(m, body, want, wantBody, p.servedBy(m))
}

// statuses are one or more that are all right: 400 or 400|501.
var statuses = regexp.MustCompile(`^\d{3}(\|\d{3})*$`)

func (p *play) clientGetsPart(text string) error {
	want, wantBody, err := parseMessage(text, false, true)
	if err != nil {
		return err
	}
	if p.client.message, err = readHead(p.client.in, false); err != nil {
		return fmt.Errorf("want %q: %w", text, err)
	}
	if err := compareHeads(p.client.message, want, p.servedBy(want)); err != nil {
		return err
	}
	return p.client.getsMore(wantBody)
}

// servedBy returns what an answer's X-Served-By must be: an interim one needs
// none.
func (p *play) servedBy(m *message) string {
	if _, status := m.status(); status < 200 {
		return ""
	}
	return "http://" + p.serverAddress()
}

func (p *play) serverGets(text string) error {
	want, wantBody, err := parseMessage(text, false, false)
	if err != nil {
		return err
	}
	if err := p.serverGetsHead(text); err != nil {
		return err
	}
	body, err := p.server.message.readRest()
	if err != nil {
		return fmt.Errorf("got %q and of the body %q: %w", p.server.message.start, body, err)
	}
	return compareMessages(p.server.message, body, want, wantBody, "")
}

func (p *play) serverGetsPart(text string) error {
	want, wantBody, err := parseMessage(text, false, true)
	if err != nil {
		return err
	}
	if err := p.serverGetsHead(text); err != nil {
		return err
	}
	if err := compareHeads(p.server.message, want, ""); err != nil {
		return err
	}
	return p.server.getsMore(wantBody)
}

// serverGetsNothingWhole wants a request that the proxy has given up to look
// unfinished to the server, if it got there at all.
func (p *play) serverGetsNothingWhole() error {
	select {
	case p.server = <-p.ready:
	default:
		return nil
	}
	if err := p.server.SetReadDeadline(time.Now().Add(stepTimeout)); err != nil {
		return err
	}
	m, err := readHead(p.server.in, false)
	if err != nil {
		return nil
	}
	p.server.message = m
	return p.server.getsCut()
}

func (p *play) serverGetsHead(want string) error {
	if err := p.nextRequest(); err != nil {
		return fmt.Errorf("%w; want %q; the client got %q", err, want, unread(p.client))
	}
	if err := p.server.SetReadDeadline(time.Now().Add(stepTimeout)); err != nil {
		return err
	}
	m, err := readHead(p.server.in, false)
	if err != nil {
		return fmt.Errorf("want %q: %w", want, err)
	}
	p.server.message = m
	return p.client.SetReadDeadline(time.Now().Add(stepTimeout))
}

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

func (p *play) serverCloses(string) error {
	p.server.close()
	p.server = nil
	return nil
}

func (p *play) serverResets(string) error {
	p.server.reset()
	p.server = nil
	return nil
}

func (c *peer) getsMore(want string) error {
	got, err := c.message.readBody(len(want))
	if err != nil {
		return fmt.Errorf("got %q of the body, want %q: %w", got, want, err)
	}
	if got != want {
		return fmt.Errorf("got %q of the body, want %q", got, want)
	}
	return nil
}

// getsEnd wants the end of the body, with the trailers in text.
func (c *peer) getsEnd(text string) error {
	rest, err := c.message.readRest()
	if err != nil {
		return fmt.Errorf("got %q more of the body, want its end: %w", rest, err)
	}
	if rest != "" {
		return fmt.Errorf("got %q more of the body, want its end", rest)
	}
	got := ""
	for _, f := range c.message.trailers {
		got += f.String() + "\r\n"
	}
	if got != text {
		return fmt.Errorf("got trailers %q, want %q", got, text)
	}
	return nil
}

// getsCut wants the connection to end before the message does.
func (c *peer) getsCut() error {
	rest, err := c.message.readRest()
	if err == nil {
		return fmt.Errorf("got a whole message that ends with %q, want it cut", rest)
	}
	if !gone(err) {
		return err
	}
	return nil
}

func (c *peer) getsBytes(want string) error {
	got := make([]byte, len(want))
	n, err := io.ReadFull(c.in, got)
	if err != nil {
		return fmt.Errorf("got %q, want %q: %w", got[:n], want, err)
	}
	if string(got) != want {
		return fmt.Errorf("got %q, want %q", got, want)
	}
	return nil
}

// closed wants the other side to end the connection and send nothing before.
func (c *peer) closed() error {
	if _, err := c.in.Peek(1); err == nil {
		return fmt.Errorf("got %q, want the connection closed", unread(c))
	} else if !gone(err) {
		return fmt.Errorf("want the connection closed: %w", err)
	}
	return nil
}

// has wants the last message to have the field NAME once, with a value that
// matches the expression behind the name.
func (c *peer) has(text string) error {
	name, expression, _ := strings.Cut(text, " ")
	pattern, err := regexp.Compile("^(?:" + expression + ")$")
	if err != nil {
		return err
	}
	values := c.message.values(name)
	if len(values) != 1 || !pattern.MatchString(values[0]) {
		return fmt.Errorf("got %s %q, want one that matches %s", name, values, pattern)
	}
	return nil
}

func (c *peer) lacks(name string) error {
	if values := c.message.values(name); len(values) != 0 {
		return fmt.Errorf("got %s %q, want none", name, values)
	}
	return nil
}

func (c *peer) wasKept(want bool) error {
	if c.kept != want {
		return fmt.Errorf("the request came on a connection that was used before: %v, want %v", c.kept, want)
	}
	return nil
}
