package protocol

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"deux/internal/program"
)

// stepTimeout is how long anything that a case waits for may take.
const stepTimeout = 20 * time.Second

// play is a case being played: a client of the proxy, and the only server
// behind it.
type play struct {
	stage    *stage
	listener *net.TCPListener
	turns    int // of the list before the case began

	client *peer
	server *peer      // that sent the last request, if it is still there
	ready  chan *peer // connections of the proxy that have bytes to read

	mu    sync.Mutex
	peers []*peer // all, to close them
	calls int     // connections that the proxy made to the server
}

// peer is a connection to the proxy, or from it.
type peer struct {
	*net.TCPConn
	in      *bufio.Reader
	message *message // read last, or being read
	used    bool     // has brought a request
	kept    bool     // had brought one before the last
	work    chan func()
}

func newPlay(t *testing.T, s *stage, listener *net.TCPListener, c script) *play {
	t.Helper()
	p := &play{stage: s, listener: listener, ready: make(chan *peer, 100)}
	go p.accept()
	listed := p.serverAddress()
	if c.steps[0].verb == "no-server" {
		listed = ""
	}
	if err := s.show(t.Context(), listed); err != nil {
		t.Fatalf("listing the server: %v", err)
	}
	turns, err := s.turns(t.Context())
	if err != nil {
		t.Fatalf("counting turns: %v", err)
	}
	p.turns = turns
	if err := p.connect(); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *play) serverAddress() string { return p.listener.Addr().String() }

func (p *play) perform(s step) error {
	text, err := expand(s.text, p.serverAddress())
	if err != nil {
		return err
	}
	err = p.client.SetReadDeadline(time.Now().Add(stepTimeout))
	if err != nil && !errors.Is(err, net.ErrClosed) { // closed by the step before
		return err
	}
	return plain(verbs[s.verb](p, text))
}

// plain says in words of the cases what a socket reported.
func plain(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("nothing came within %v: %w", stepTimeout, err)
	case errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the connection was closed: %w", err)
	}
	return err
}

func (p *play) connect() error {
	connection, err := net.DialTimeout("tcp", p.stage.address, stepTimeout)
	if err != nil {
		return fmt.Errorf("connecting to the proxy: %w", err)
	}
	p.client = p.newPeer(connection.(*net.TCPConn))
	return p.client.SetReadDeadline(time.Now().Add(stepTimeout))
}

func (p *play) newPeer(connection *net.TCPConn) *peer {
	c := &peer{TCPConn: connection, in: bufio.NewReaderSize(connection, 64<<10), work: make(chan func(), 100)}
	p.mu.Lock()
	p.peers = append(p.peers, c)
	p.mu.Unlock()
	go func() {
		for act := range c.work {
			act()
		}
	}()
	return c
}

// send writes without waiting for a reader. That the other side has stopped
// reading shows in what it answers.
func (c *peer) send(text string) {
	c.work <- func() { _, _ = io.WriteString(c, text) }
}

// accept takes the proxy's connections until the listener is closed.
func (p *play) accept() {
	for {
		connection, err := p.listener.AcceptTCP()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.calls++
		p.mu.Unlock()
		go p.watch(p.newPeer(connection))
	}
}

// watch puts c where nextRequest finds it as soon as it has bytes to read. On a
// host that stalls the proxy may ask whether the server hangs.
func (p *play) watch(c *peer) {
	_ = c.SetReadDeadline(time.Time{})
	if _, err := c.in.Peek(1); err != nil {
		return
	}
	if strings.Contains(arrived(c), "\r\nUser-Agent: "+program.ProbeAgent+"\r\n") {
		c.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		c.close()
		return
	}
	p.ready <- c
}

// nextRequest waits for bytes from the proxy, on a kept or a new connection.
func (p *play) nextRequest() error {
	if p.server != nil {
		go p.watch(p.server)
		p.server = nil
	}
	select {
	case p.server = <-p.ready:
	case <-time.After(stepTimeout):
		return fmt.Errorf("no request came within %v", stepTimeout)
	}
	p.server.kept, p.server.used = p.server.used, true
	return nil
}

// settled returns an error if client or server got more than the case says.
func (p *play) settled() error {
	select {
	case c := <-p.ready:
		return fmt.Errorf("the server got %q on another connection, want nothing", unread(c))
	default:
	}
	if p.server != nil && p.server.message.ended() {
		if more := unread(p.server); more != "" {
			return fmt.Errorf("the server got also %q, want nothing", more)
		}
	}
	if more := unread(p.client); more != "" {
		return fmt.Errorf("the client got also %q, want nothing", more)
	}
	return nil
}

// unread returns what has arrived and nobody has read.
func unread(c *peer) string {
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, _ = c.in.Peek(1)
	return arrived(c)
}

func arrived(c *peer) string {
	bytes, _ := c.in.Peek(c.in.Buffered())
	return string(bytes)
}

// untouched returns an error if the proxy called the server, or rotated.
func (p *play) untouched() error {
	p.mu.Lock()
	calls := p.calls
	p.mu.Unlock()
	if calls != 0 {
		got := ""
		select {
		case c := <-p.ready:
			got = unread(c)
		default:
		}
		return fmt.Errorf("%d connections to the server, which got %q, want none", calls, got)
	}
	turns, err := p.stage.turns(context.Background())
	if err == nil && turns != p.turns {
		err = fmt.Errorf("the list was rotated %d times, want not at all", turns-p.turns)
	}
	return err
}

// end closes everything.
func (p *play) end() {
	_ = p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.peers {
		close(c.work)
		_ = c.Close()
	}
}

// gone reports whether err is what a connection ends with.
func gone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
