package redistest

import (
	"net"
	"sync"
)

// Judge decides about a command that passes a Wire: before Redis gets it, with
// no answer, and after Redis has executed it and before the answer arrives. If
// it returns false, the connection ends at that moment.
type Judge func(command []string, answer []byte) (passes bool)

// Wire relays between a program and Redis, and can break their connections.
type Wire struct {
	redis    string
	judge    Judge
	listener net.Listener
	serving  sync.WaitGroup

	mu    sync.Mutex
	isCut bool
	ends  map[net.Conn]bool
}

// NewWire returns a wire to the Redis at an address.
func NewWire(redis string, judge Judge) (*Wire, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &Wire{redis: redis, judge: judge, listener: listener, ends: make(map[net.Conn]bool)}
	w.serving.Go(w.accept)
	return w, nil
}

// Address returns the HOST:PORT at which the program finds Redis.
func (w *Wire) Address() string { return w.listener.Addr().String() }

// Cut breaks all connections at once and refuses new ones, as the end of one of
// the two processes does. A judge may call it.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = true
	_ = w.listener.Close()
	for end := range w.ends {
		_ = end.Close()
	}
}

// Close cuts the wire and returns when nothing passes any more.
func (w *Wire) Close() {
	w.Cut()
	w.serving.Wait()
}

func (w *Wire) accept() {
	for {
		program, err := w.listener.Accept()
		if err != nil {
			return
		}
		redis, err := net.Dial("tcp", w.redis)
		if err != nil {
			_ = program.Close()
			continue
		}
		w.serving.Go(func() { w.serve(program, redis) })
	}
}

// hold notes the ends of a connection for Cut, and reports whether it may still
// pass.
func (w *Wire) hold(ends ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, end := range ends {
		w.ends[end] = true
	}
	return !w.isCut
}

func (w *Wire) drop(ends ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, end := range ends {
		_ = end.Close()
		delete(w.ends, end)
	}
}

// serve passes one command after the other, even of a pipeline.
func (w *Wire) serve(program, redis net.Conn) {
	defer w.drop(program, redis)
	if !w.hold(program, redis) {
		return
	}
	commands, gone := make(chan message), make(chan struct{})
	defer close(gone)
	go readCommands(program, commands, gone, func() { _ = redis.Close() })
	answers := newReader(redis)
	for command := range commands {
		if !w.judge(command.words, nil) {
			return
		}
		if _, err := redis.Write(command.raw); err != nil {
			return
		}
		answer, err := answers.read()
		if err != nil || !w.judge(command.words, answer.raw) {
			return
		}
		if _, err := program.Write(answer.raw); err != nil {
			return
		}
	}
}

// readCommands reads until the connection is gone. If the program hangs up,
// that must end a command that Redis blocks on.
func readCommands(program net.Conn, commands chan<- message, gone <-chan struct{}, hungUp func()) {
	defer close(commands)
	defer hungUp()
	for from := newReader(program); ; {
		command, err := from.read()
		if err != nil {
			return
		}
		select {
		case commands <- command:
		case <-gone:
			return
		}
	}
}
