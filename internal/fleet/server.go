package fleet

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"deux/internal/settings"
)

// Site is where the servers of a fleet are: one host, and ports from First up.
type Site struct {
	Host  string // IPv4 address or name that containers and host both reach
	First int    // lowest port: of the web servers, that of the one that is never destroyed
}

// ReadSite reads HOST_IP and FIRST_PORT.
func ReadSite(env *settings.Reader) Site {
	return Site{Host: env.HostIP(), First: env.FirstPort()}
}

// Server is one web server: an element of the lists, parsed.
type Server struct {
	URL  string // http://HOST:PORT, with nothing after it
	Port int
}

// InvalidError is an element of a list that is not the URL of a server of the
// site.
type InvalidError struct {
	Element string
	Reason  string
}

// Error names the element and says what was expected.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("%q is not a server: %s", e.Element, e.Reason)
}

// Server returns the server on port.
func (s Site) Server(port int) Server {
	return Server{URL: "http://" + net.JoinHostPort(s.Host, strconv.Itoa(port)), Port: port}
}

// FirstService is Compose's name for the first server.
const FirstService = "webapp"

// FirstServer returns the server that Compose starts and nobody destroys.
func (s Site) FirstServer() Server { return s.Server(s.First) }

// Parse reads an element. It accepts exactly what Server writes: anything else
// in a list (a path, another host, a shell command) is an InvalidError, so that
// nothing unforeseen is ever run or forwarded to.
func (s Site) Parse(element string) (Server, error) {
	u, err := url.Parse(element)
	if err != nil {
		return Server{}, &InvalidError{element, "not a URL"}
	}
	if u.Scheme != "http" || u.Hostname() != s.Host {
		return Server{}, &InvalidError{element, "expected http://" + s.Host + ":PORT"}
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil || port < s.First || port > maxPort {
		return Server{}, &InvalidError{element, fmt.Sprintf("expected a port from %d to %d", s.First, maxPort)}
	}
	if server := s.Server(port); server.URL == element {
		return server, nil
	}
	return Server{}, &InvalidError{element, "expected " + s.Server(port).URL}
}

// maxPort is the highest TCP port (RFC 9293 section 3.1: 16 bits).
const maxPort = 65535

// Address returns HOST:PORT.
func (s Server) Address() string { return s.URL[len("http://"):] }

// Image returns the name of the image that a spawned server runs.
func (s Server) Image() string { return fmt.Sprintf("webapp_%d", s.Port) }

// OfImage returns the server whose spawned container would run the image, and
// reports whether there is one.
func (s Site) OfImage(name string) (Server, bool) {
	port, _ := strconv.Atoi(strings.TrimPrefix(name, "webapp_"))
	server, err := s.Parse(s.Server(port).URL)
	return server, err == nil && server.Image() == name
}

// Container returns the name of the container of a spawned server.
func (s Server) Container() string { return s.Image() + "_app" }
