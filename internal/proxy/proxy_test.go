package proxy

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"deux/internal/fleet"
	"deux/internal/redistest"
	"deux/internal/settings"
)

// stage is a proxy over a real Redis, with servers behind it.
type stage struct {
	t       *testing.T
	cli     *redis.Client
	proxy   *Proxy
	address string // of the proxy, HOST:PORT

	stopAccepting func() // tells it to end
}

// testConfig is the settings of a proxy in tests.
func testConfig(t *testing.T) Config {
	t.Helper()
	config, err := ReadConfig(settings.From(func(name string) string {
		return map[string]string{
			"HOST_IP": "127.0.0.1", "FIRST_PORT": "1024",
			"RESPONSE_TIMEOUT": "500ms", "BODY_TIMEOUT": "500ms", "HEAD_TIMEOUT": "500ms",
		}[name]
	}))
	if err != nil {
		t.Fatal(err)
	}
	config.ConnectTimeout, config.ShutdownTimeout = time.Second, 10*time.Second
	return config
}

func newStage(t *testing.T) *stage { return newStageWith(t, testConfig(t)) }

func newStageWith(t *testing.T, config Config) *stage {
	t.Helper()
	redisAddress := redistest.Address(t)
	lists := fleet.Open(fleet.Redis{Address: redisAddress}, config.Site)
	rotation, err := lists.Rotation(config.Service)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{
		t: t, cli: redis.NewClient(&redis.Options{Addr: redisAddress}), address: listener.Addr().String(),
		proxy: newProxy(config, rotation, rotation.Turns(), slog.New(slog.DiscardHandler)),
	}
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
		s.cli.Close()
	})
	return s
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
	if err := s.cli.LPush(s.t.Context(), "servers", element).Err(); err != nil {
		s.t.Fatal(err)
	}
	s.proxy.rotor.refresh(s.t.Context())
}

// dead returns the URL of a port where nobody listens.
func (s *stage) dead() string {
	s.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer listener.Close()
	return "http://" + listener.Addr().String()
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

func TestProxy_GivesEachServerItsTurnAndSaysWhich(t *testing.T) {
	s := newStage(t)
	a, _ := s.backend(ok)
	b, _ := s.backend(ok)
	for i := range 6 {
		response, text := s.do("GET", "/", "")
		want := []string{a, b}[i%2]
		if got := response.Header.Get(ServedBy); got != want || text != "ok" {
			t.Errorf("request %d: got %s %q, want %s", i, got, text, want)
		}
	}
}

func TestProxy_ForwardsTheRequestAsItCame(t *testing.T) {
	s := newStage(t)
	got := make(chan *http.Request, 1)
	s.backend(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		got <- r
		w.Header().Set(ServedBy, "me")
		w.WriteHeader(http.StatusTeapot)
	})
	response, _ := s.do("POST", "/a%2Fb?q=1&q=2;3", "the body")
	r := <-got
	body, _ := io.ReadAll(r.Body)
	if r.Method != "POST" || r.RequestURI != "/a%2Fb?q=1&q=2;3" || string(body) != "the body" || r.Host != s.address {
		t.Errorf("got %s %s %q for %s, want POST /a%%2Fb?q=1&q=2;3 \"the body\" for %s", r.Method, r.RequestURI, body, r.Host, s.address)
	}
	if got := r.Header.Get("X-Forwarded-For"); got != "127.0.0.1" {
		t.Errorf("X-Forwarded-For: got %q, want 127.0.0.1", got)
	}
	if response.StatusCode != http.StatusTeapot || response.Header.Get(ServedBy) == "me" {
		t.Errorf("got %d from %q, want 418 and the proxy's own %s", response.StatusCode, response.Header.Get(ServedBy), ServedBy)
	}
}

func TestProxy_SkipsAServerThatRefusesTheConnection(t *testing.T) {
	s := newStage(t)
	s.list(s.dead())
	s.list(s.dead())
	alive, _ := s.backend(func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	for _, method := range []string{"GET", "POST"} {
		for range 4 {
			response, text := s.do(method, "/", "body")
			if got := response.Header.Get(ServedBy); response.StatusCode != 200 || got != alive || text != "body" {
				t.Errorf("%s: got %d %q from %q, want 200 \"body\" from %s", method, response.StatusCode, text, got, alive)
			}
		}
	}
}

// breakOff answers nothing and closes the connection.
func breakOff(calls *atomic.Int32) http.HandlerFunc {
	return func(http.ResponseWriter, *http.Request) {
		calls.Add(1)
		panic(http.ErrAbortHandler)
	}
}

func TestProxy_RepeatsOnlyIdempotentRequestsThatMayHaveArrived(t *testing.T) {
	s := newStage(t)
	var calls atomic.Int32
	s.backend(breakOff(&calls))
	s.backend(ok)
	for range 4 {
		if response, _ := s.do("GET", "/", ""); response.StatusCode != 200 {
			t.Errorf("GET: got %d, want 200 from the other server", response.StatusCode)
		}
	}
	s = newStage(t)
	s.backend(breakOff(&calls))
	s.backend(ok)
	failed := 0
	for range 4 {
		if response, _ := s.do("POST", "/", "once"); response.StatusCode == http.StatusBadGateway {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("POST: %d of 4 got 502, want the 1 whose server broke off and is left out then", failed)
	}
}

func TestProxy_NeverRepeatsAGetThatChangesSomething(t *testing.T) {
	for _, page := range actOnce {
		s := newStage(t)
		var calls atomic.Int32
		for range 2 {
			s.backend(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == page {
					breakOff(&calls)(w, r)
				}
			})
		}
		for range 2 { // so that there are kept connections
			s.do("GET", "/", "")
		}
		response, _ := s.do("GET", page, "")
		if response.StatusCode != http.StatusBadGateway || calls.Load() != 1 {
			t.Errorf("GET %s: got %d after %d calls, want 502 after 1", page, response.StatusCode, calls.Load())
		}
	}
}

func TestProxy_TakesNoSilenceForAnEmptyAnswer(t *testing.T) {
	s := newStage(t)
	begun := make(chan struct{})
	s.backend(func(_ http.ResponseWriter, r *http.Request) { close(begun); <-r.Context().Done() })
	connection, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	<-begun
	connection.(*net.TCPConn).CloseWrite()
	if answer, _ := io.ReadAll(connection); len(answer) != 0 {
		t.Errorf("got %q, want no answer", answer)
	}
}

func TestProxy_LetsAServerRefuseABodyBeforeItIsSent(t *testing.T) {
	s := newStage(t)
	s.backend(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) })
	connection, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n")
	head := make([]byte, 12)
	if _, err := io.ReadFull(connection, head); err != nil || string(head) != "HTTP/1.1 413" {
		t.Errorf("got %q, %v, want HTTP/1.1 413 and no 100 before it", head, err)
	}
}

func TestProxy_ForgetsTheLastServerWhenItDrains(t *testing.T) {
	s := newStage(t)
	only, _ := s.backend(ok)
	s.cli.Del(t.Context(), "servers")
	s.cli.LPush(t.Context(), "drainServers", only)
	s.proxy.rotor.refresh(t.Context())
	if response, _ := s.do("GET", "/", ""); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("got %d from %q, want 503", response.StatusCode, response.Header.Get(ServedBy))
	}
}

func TestProxy_WithoutRedisAndMemoryNamesRedis(t *testing.T) {
	s := newStage(t)
	s.cli.ShutdownNoSave(t.Context())
	for range 2 {
		if response, text := s.do("GET", "/", ""); response.StatusCode != 503 || !strings.Contains(text, "Redis does not answer") {
			t.Errorf("got %d %q, want 503 that names Redis", response.StatusCode, text)
		}
	}
}

func TestProxy_WithoutAnyServerSays503AndWhenToComeBack(t *testing.T) {
	s := newStage(t)
	response, text := s.do("GET", "/", "")
	if response.StatusCode != 503 || response.Header.Get("Retry-After") == "" || !strings.Contains(text, "No server is listed") {
		t.Errorf("got %d, Retry-After %q, %q", response.StatusCode, response.Header.Get("Retry-After"), text)
	}
}

func TestProxy_OfAColourWithoutAReleaseSaysHowToDeploy(t *testing.T) {
	c := &client{Proxy: &Proxy{config: Config{Service: "blue"}}}
	status, sentence := c.verdict(fleet.ErrNoServers)
	if status != 503 || !strings.Contains(sentence, "git push blue main") {
		t.Errorf("got %d %q", status, sentence)
	}
}

func TestProxy_WithAllServersDeadSays502AndWithASlowOne504(t *testing.T) {
	s := newStage(t)
	s.list(s.dead())
	if response, _ := s.do("GET", "/", ""); response.StatusCode != 502 {
		t.Errorf("dead: got %d, want 502", response.StatusCode)
	}
	s.cli.Del(t.Context(), "servers")
	done := make(chan struct{})
	defer close(done)
	s.backend(func(http.ResponseWriter, *http.Request) { <-done })
	if response, _ := s.do("GET", "/", ""); response.StatusCode != 504 {
		t.Errorf("slow: got %d, want 504", response.StatusCode)
	}
}

func TestProxy_PassesOverGarbage(t *testing.T) {
	s := newStage(t)
	alive, _ := s.backend(ok)
	s.list("http://127.0.0.1:3001;rm -rf /")
	s.list("")
	s.list("http://elsewhere.example:80")
	for range 5 {
		response, _ := s.do("GET", "/", "")
		if got := response.Header.Get(ServedBy); response.StatusCode != 200 || got != alive {
			t.Errorf("got %d from %q, want 200 from %s", response.StatusCode, got, alive)
		}
	}
}

func TestProxy_GoesOnWithTheLastListWhileRedisIsAwayOrEmpty(t *testing.T) {
	for name, lose := range map[string]func(*stage){
		"empty": func(s *stage) { s.cli.FlushAll(t.Context()) },
		"away":  func(s *stage) { s.cli.ShutdownNoSave(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			a, _ := s.backend(ok)
			b, _ := s.backend(ok)
			lose(s)
			seen := make(map[string]int)
			for range 10 {
				s.proxy.rotor.refresh(t.Context())
				response, _ := s.do("GET", "/", "")
				seen[response.Header.Get(ServedBy)]++
			}
			if seen[a] != 5 || seen[b] != 5 {
				t.Errorf("got %v, want 5 from %s and from %s", seen, a, b)
			}
		})
	}
}

// slow answers in two halves, the second when told to.
func slow(begun, finish chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "first half, ")
		w.(http.Flusher).Flush()
		close(begun)
		<-finish
		fmt.Fprint(w, "second half")
	}
}

func (s *stage) draining() []string {
	s.proxy.rotor.refresh(s.t.Context())
	return s.cli.LRange(s.t.Context(), "drainServers", 0, -1).Val()
}

func TestProxy_TakesAServerOffTheDrainListWhenItsLastRequestHasEnded(t *testing.T) {
	s := newStage(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	old, _ := s.backend(slow(begun, finish))
	var answer sync.WaitGroup
	answer.Go(func() {
		if _, text := s.do("GET", "/", ""); text != "first half, second half" {
			t.Errorf("got %q, want the whole answer", text)
		}
	})
	<-begun
	fresh, _ := s.backend(ok)
	s.cli.LRem(t.Context(), "servers", 0, old)
	s.cli.LPush(t.Context(), "drainServers", old)
	for range 4 {
		if got := s.draining(); len(got) != 1 {
			t.Fatalf("with a request in flight drainServers is %q, want [%q]", got, old)
		}
		if response, _ := s.do("GET", "/", ""); response.Header.Get(ServedBy) != fresh {
			t.Errorf("a new request went to %s, want %s", response.Header.Get(ServedBy), fresh)
		}
	}
	close(finish)
	answer.Wait()
	eventually(t, func() bool { return len(s.draining()) == 0 })
}

func TestProxy_HangsUpOnAServerThatHasDrained(t *testing.T) {
	s := newStage(t)
	var connections atomic.Int64
	old := httptest.NewUnstartedServer(http.HandlerFunc(ok))
	old.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			connections.Add(1)
		case http.StateClosed:
			connections.Add(-1)
		}
	}
	old.Start()
	t.Cleanup(old.Close)
	s.list(old.URL)
	s.do("GET", "/", "")
	if got := connections.Load(); got != 1 {
		t.Fatalf("after a request the server has %d connections, want the one that is kept", got)
	}
	s.backend(ok)
	s.cli.LRem(t.Context(), "servers", 0, old.URL)
	s.cli.LPush(t.Context(), "drainServers", old.URL)
	if got := s.draining(); len(got) != 0 {
		t.Fatalf("drainServers is %q, want none", got)
	}
	eventually(t, func() bool { return connections.Load() == 0 })
}

func TestProxy_CountsAnUpgradedConnectionAsInFlight(t *testing.T) {
	s := newStage(t)
	old, _ := s.backend(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		connection, buffered, _ := w.(http.Hijacker).Hijack()
		defer connection.Close()
		io.Copy(connection, buffered)
	})
	connection, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(connection, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	head := make([]byte, 12)
	if _, err := io.ReadFull(connection, head); err != nil || string(head) != "HTTP/1.1 101" {
		t.Fatalf("got %q, %v, want HTTP/1.1 101", head, err)
	}
	s.cli.LRem(t.Context(), "servers", 0, old)
	s.cli.LPush(t.Context(), "drainServers", old)
	if got := s.draining(); len(got) != 1 {
		t.Errorf("while upgraded drainServers is %q, want [%q]", got, old)
	}
	connection.Close()
	eventually(t, func() bool { return len(s.draining()) == 0 })
}

// eventually waits for a state, at most five seconds.
func eventually(t *testing.T, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !reached(); {
		if time.Now().After(end) {
			t.Fatal("the state was not reached within 5 s")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestRun_EndsWhenToldAndLetsTheRequestInFlightEnd(t *testing.T) {
	address := redistest.Address(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	backend := httptest.NewServer(slow(begun, finish))
	defer backend.Close()
	cli := redis.NewClient(&redis.Options{Addr: address})
	defer cli.Close()

	port, _ := strconv.Atoi(strings.TrimPrefix((&stage{t: t}).dead(), "http://127.0.0.1:"))
	adminPort, _ := strconv.Atoi(strings.TrimPrefix((&stage{t: t}).dead(), "http://127.0.0.1:"))
	config := testConfig(t)
	config.Service, config.Port, config.AdminPort, config.Redis.Address = "blue", port, adminPort, address
	config.ResponseTimeout, config.BodyTimeout = 10*time.Second, 10*time.Second
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, config, slog.New(slog.DiscardHandler)) }()
	eventually(t, func() bool { return CheckHealth(t.Context(), config) == nil })
	cli.LPush(t.Context(), "blueServers", backend.URL)
	other := (&stage{t: t}).dead()
	go func() {
		defer close(finish)
		<-begun
		stop()
		cli.LPush(t.Context(), "drainBlueServers", other)
		for end := time.Now().Add(5 * time.Second); cli.LLen(t.Context(), "drainBlueServers").Val() > 0; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Error("while a request is in flight another server that has drained is not reported")
				return
			}
		}
	}()
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
	if err != nil {
		t.Fatalf("the request in flight: %v", err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || string(text) != "first half, second half" {
		t.Errorf("got %q, %v, want the whole answer", text, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run: got %v, want nil", err)
	}
}

func TestRun_RefusesAnUnknownService(t *testing.T) {
	err := Run(t.Context(), Config{Service: "red", Redis: fleet.Redis{Address: "127.0.0.1:1"}}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), `SERVICE="red"`) {
		t.Errorf("got %v, want an error that names SERVICE", err)
	}
}
