package proxy

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/porttest"
	"deux/internal/redistest"
	"deux/internal/settings"
)

// stage is a proxy over a real Redis, with servers behind it.
type stage struct {
	*redistest.CLI
	t       *testing.T
	proxy   *Proxy
	address string // of the proxy, HOST:PORT
	logged  *logged

	stopAccepting func() // tells it to end
}

// testConfig is the settings of a proxy in tests. It gives up nothing, because
// any host can stall for a moment: what is to be given up is so within hasty.
func testConfig(t *testing.T) Config {
	t.Helper()
	config, err := ReadConfig(settings.From(func(name string) string {
		return map[string]string{"HOST_IP": "127.0.0.1", "FIRST_PORT": "1024"}[name]
	}))
	if err != nil {
		t.Fatal(err)
	}
	config.ConnectTimeout = 20 * time.Second
	return config
}

// hasty is how long a proxy waits for what a test withholds.
const hasty = 200 * time.Millisecond

func newStage(t *testing.T) *stage { return newStageWith(t, testConfig(t)) }

func newStageWith(t *testing.T, config Config) *stage { return newStagePaused(t, config, usualPauses) }

func newStagePaused(t *testing.T, config Config, pauses pauses) *stage {
	t.Helper()
	cli := redistest.Open(t)
	lists := fleet.Open(fleet.Redis{Address: cli.Address}, config.Site)
	rotation, err := lists.Rotation(config.Service)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	logged := new(logged)
	s := &stage{
		CLI: cli, t: t, address: listener.Addr().String(), logged: logged,
		proxy: newProxy(config, rotation, rotation.Turns(), slog.New(slog.NewTextHandler(logged, nil))),
	}
	s.proxy.pauses = pauses
	working, stopWorking := context.WithCancel(context.Background())
	accepting, stopAccepting := context.WithCancel(context.Background())
	s.stopAccepting = stopAccepting
	var background, serving sync.WaitGroup
	s.proxy.work(working, &background)
	serving.Go(func() { _ = s.proxy.serve(accepting, listener) })
	t.Cleanup(func() {
		stopAccepting()
		serving.Wait()
		stopWorking()
		lists.Close()
		background.Wait()
	})
	return s
}

// logged is what the proxy has logged.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// lines returns the lines logged so far that contain text.
func (l *logged) lines(text string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// url returns the address of a page at the proxy.
func (s *stage) url(path string) string { return "http://" + s.address + path }

// backend starts a server and lists it. It answers with its own URL.
func (s *stage) backend(handler http.HandlerFunc) (element string, server *httptest.Server) {
	s.t.Helper()
	server = httptest.NewServer(handler)
	s.t.Cleanup(server.Close)
	s.list(server.URL)
	return server.URL, server
}

func (s *stage) list(element string) {
	s.t.Helper()
	s.Push("servers", element)
	s.proxy.rotor.refresh(s.t.Context())
}

// dead returns the URL of a port where nobody listens.
func dead(t *testing.T) string {
	t.Helper()
	return fmt.Sprint("http://127.0.0.1:", porttest.Free(t))
}

func (s *stage) do(method, path, body string) (*http.Response, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url(path), strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatalf("%s %s: reading the body: %v", method, path, err)
	}
	return response, string(text)
}

func ok(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "ok") }

// patience is how long a test waits for what must come, also on a busy host.
const patience = redistest.Patience

// eventually waits for a state.
func eventually(t *testing.T, reached func() bool) {
	t.Helper()
	redistest.Eventually(t, reached, func() { t.Fatalf("the state was not reached within %v", patience) })
}

// moment is a time by the host's clock and by the proxy's, which stands still
// while its watch does.
type moment struct {
	host  time.Time
	proxy int64
}

func (s *stage) now() moment { return moment{time.Now(), s.proxy.clock.now.Load()} }

// since returns how long ago a moment was by the clock that has gone on further.
func (s *stage) since(m moment) time.Duration {
	return max(time.Since(m.host), s.proxy.clock.since(m.proxy))
}

// unlessStalled tries what holds only where the host does not stall meanwhile,
// until it holds or has failed without a stall.
func unlessStalled(t *testing.T, try func() (complaint string, stalled bool)) {
	t.Helper()
	for range 20 {
		complaint, stalled := try()
		if complaint != "" && !stalled {
			t.Error(complaint)
		}
		if complaint == "" || !stalled {
			return
		}
		t.Logf("once more, because the host stalled: %s", complaint)
	}
	t.Error("the host stalled each time")
}

// readsSlowly fails unless a client gets an answer of that size, although it takes
// three times the body timeout for the first tenth, in pauses that are shorter.
func (s *stage) readsSlowly(config Config, request string, size int64) {
	s.t.Helper()
	unlessStalled(s.t, func() (complaint string, stalled bool) {
		connection := s.dial(request)
		read := int64(0)
		for range 24 {
			began := s.now()
			time.Sleep(config.BodyTimeout / 8)
			n, _ := io.CopyN(io.Discard, connection, size/240)
			read += n
			stalled = stalled || s.since(began) > config.BodyTimeout/3
		}
		rest, err := io.Copy(io.Discard, connection)
		if read += rest; read < size {
			complaint = fmt.Sprintf("got %d bytes, %v, want the %d of the body and the head", read, err, size)
		}
		return complaint, stalled
	})
}
