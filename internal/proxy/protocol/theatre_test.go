package protocol

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"deux/internal/porttest"
	"deux/internal/redistest"
)

// startTimeout is how long a proxy may take to listen.
const startTimeout = 20 * time.Second

// theatre has a running proxy for each set of settings that cases ask for.
type theatre struct {
	t      *testing.T // outlives the cases
	binary string

	mu    sync.Mutex
	idle  map[string][]*stage
	ports map[string]bool // of servers, so that no two cases share one
}

// stage is one running proxy with a Redis of its own.
type stage struct {
	env     string
	address string // HOST:PORT of the proxy
	list    string // that it rotates
	redis   *redis.Client

	settings []string // the proxy's environment
	process  *exec.Cmd
	log      bytes.Buffer
}

func newTheatre(t *testing.T) *theatre {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "proxy")
	build := exec.Command("go", "build", "-o", binary, "deux/cmd/proxy")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building cmd/proxy: %v\n%s", err, output)
	}
	h := &theatre{t: t, binary: binary, idle: make(map[string][]*stage), ports: make(map[string]bool)}
	h.giveBack(h.start(""), false) // at once, so that without Redis the test is skipped here
	return h
}

// take returns a stage with the settings env that nobody uses, started if need be.
func (h *theatre) take(t *testing.T, env string) *stage {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if idle := h.idle[env]; len(idle) > 0 {
		h.idle[env] = idle[:len(idle)-1]
		return idle[len(idle)-1]
	}
	return h.start(env)
}

// giveBack makes the stage free for the next case. A case that has failed may
// have left requests behind that the proxy is still busy with: a new one takes
// its place.
func (h *theatre) giveBack(s *stage, failed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if failed {
		h.stop(s)
		h.run(s)
	}
	h.idle[s.env] = append(h.idle[s.env], s)
}

// lists says which list a service rotates.
var lists = map[string]string{"proxy": "servers", "blue": "blueServers", "green": "greenServers"}

// start starts Redis and a proxy. The settings of a case win over these.
func (h *theatre) start(env string) *stage {
	h.t.Helper()
	redisAddress, port, adminPort := redistest.Address(h.t), strconv.Itoa(porttest.Free(h.t)), strconv.Itoa(porttest.Free(h.t))
	service := "proxy"
	for _, setting := range strings.Fields(env) {
		if name, value, _ := strings.Cut(setting, "="); name == "SERVICE" {
			service = value
		}
	}
	s := &stage{
		env:     env,
		address: net.JoinHostPort("127.0.0.1", port),
		list:    lists[service],
		redis:   redis.NewClient(&redis.Options{Addr: redisAddress}),
		settings: append([]string{"SERVICE=proxy", "PORT=" + port, "ADMIN_PORT=" + adminPort,
			"REDIS_ADDR=" + redisAddress, "HOST_IP=127.0.0.1", "FIRST_PORT=1024"}, strings.Fields(env)...),
	}
	h.run(s)
	h.t.Cleanup(func() {
		h.stop(s)
		_ = s.redis.Close()
	})
	return s
}

func (h *theatre) run(s *stage) {
	h.t.Helper()
	s.log.Reset()
	s.process = exec.Command(h.binary)
	s.process.Env = append(os.Environ(), s.settings...)
	s.process.Stderr = &s.log
	if err := s.process.Start(); err != nil {
		h.t.Fatalf("starting the proxy: %v", err)
	}
	h.await(s)
}

func (h *theatre) stop(s *stage) {
	h.t.Helper()
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	if log := s.log.String(); strings.Contains(log, "panic") {
		h.t.Errorf("the proxy with %q panicked:\n%s", s.env, log)
	}
}

// await waits until the proxy takes connections.
func (h *theatre) await(s *stage) {
	h.t.Helper()
	for deadline := time.Now().Add(startTimeout); ; time.Sleep(5 * time.Millisecond) {
		connection, err := net.Dial("tcp", s.address)
		if err == nil {
			_ = connection.Close()
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("the proxy with %q did not listen within %v: %v", s.env, startTimeout, err)
		}
	}
}

// listen listens on a port that no case has had: the proxy may keep connections
// to it, or leave it out for a moment.
func (h *theatre) listen(t *testing.T) *net.TCPListener {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if address := listener.Addr().String(); !h.ports[address] {
			h.ports[address] = true
			return listener.(*net.TCPListener)
		}
		defer listener.Close()
	}
}

// show makes server the only element of the list, or empties the list.
func (s *stage) show(ctx context.Context, server string) error {
	_, err := s.redis.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		tx.Del(ctx, s.list)
		if server != "" {
			tx.LPush(ctx, s.list, "http://"+server)
		}
		return nil
	})
	return err
}

// turns returns how often a list has been rotated.
func (s *stage) turns(ctx context.Context) (int, error) {
	info, err := s.redis.Info(ctx, "commandstats").Result()
	if err != nil {
		return 0, err
	}
	_, calls, found := strings.Cut(info, "cmdstat_rpoplpush:calls=")
	if !found {
		return 0, nil
	}
	calls, _, _ = strings.Cut(calls, ",")
	return strconv.Atoi(calls)
}
