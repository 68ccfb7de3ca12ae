package protocol

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

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
