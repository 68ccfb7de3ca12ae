package load

import (
	"bytes"
	"fmt"
	"net"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

// connection is a non-blocking socket for one request at a time.
type connection struct {
	fd       int
	due      time.Time // of the request under way
	readable bool      // as poll saw it last
	answered bool

	head   []byte // of the answer under way, as far as it has come
	inBody bool
	left   int // bytes of its body that are to come
}

func dial(address *net.TCPAddr) (*connection, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	err = syscall.Connect(fd, &syscall.SockaddrInet4{Port: address.Port, Addr: [4]byte(address.IP.To4())})
	if err == nil {
		err = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	}
	if err == nil {
		err = syscall.SetNonblock(fd, true)
	}
	if err != nil {
		_ = syscall.Close(fd)
		return nil, fmt.Errorf("connecting to %v: %w", address, err)
	}
	return &connection{fd: fd}, nil
}

func (c *connection) close() { _ = syscall.Close(c.fd) }

// send writes a request, which always fits the empty buffer of a socket. If
// the connection broke, receive will see it.
func (c *connection) send(request []byte) {
	c.head, c.inBody, c.answered = c.head[:0], false, false
	_, _ = syscall.Write(c.fd, request)
}

var received [64 << 10]byte

// receive reads what has come. It reports false if the connection broke or the
// answer is not a 200 with a Content-Length.
func (c *connection) receive() bool {
	n, err := syscall.Read(c.fd, received[:])
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return true
	}
	if err != nil || n == 0 {
		return false
	}
	if c.inBody {
		c.left -= n
	} else if !c.receiveHead(received[:n]) {
		return false
	}
	c.answered = c.inBody && c.left == 0
	return c.left >= 0
}

func (c *connection) receiveHead(data []byte) bool {
	c.head = append(c.head, data...)
	end := bytes.Index(c.head, []byte("\r\n\r\n"))
	if end < 0 {
		return true
	}
	if !bytes.HasPrefix(c.head, []byte("HTTP/1.1 200")) {
		return false
	}
	length, ok := contentLength(c.head[:end])
	c.inBody, c.left = true, length-(len(c.head)-end-4)
	return ok
}

func contentLength(head []byte) (int, bool) {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
			return n, err == nil
		}
	}
	return 0, false
}

// pollDescriptor is struct pollfd of poll(2).
type pollDescriptor struct {
	fd              int32
	events, revents int16
}

const pollIn = 1

// poll waits until one of connections is readable or wait is over, and notes
// which are. It is ppoll(2), because Go's own poller counts in milliseconds.
func poll(connections []*connection, wait time.Duration) error {
	descriptors := make([]pollDescriptor, len(connections)+1) // never empty
	for i, c := range connections {
		descriptors[i] = pollDescriptor{fd: int32(c.fd), events: pollIn}
	}
	timeout := syscall.NsecToTimespec(wait.Nanoseconds())
	_, _, failed := syscall.Syscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&descriptors[0])),
		uintptr(len(connections)), uintptr(unsafe.Pointer(&timeout)), 0, 0, 0)
	if failed != 0 && failed != syscall.EINTR {
		return fmt.Errorf("ppoll: %w", failed)
	}
	for i, c := range connections {
		c.readable = descriptors[i].revents != 0
	}
	return nil
}
