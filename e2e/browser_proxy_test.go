package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"deux/internal/proxy"
	"deux/internal/redistest"
	"deux/internal/settings"
)

// pair is two web servers behind the proxy, all of the test's own.
type pair struct {
	*target
	servers  [2]string // URLs; the first is listed
	settings []string
	stop     func() // the proxy
}

func startPair(t *testing.T) *pair {
	t.Helper()
	lists := redistest.Open(t)
	// At the port of the first server, which the proxy lists by itself, is nobody.
	first := takePorts(t, "127.0.0.1", 5)
	p := &pair{target: &target{t: t, redis: lists, port: first + 3}}
	p.settings = []string{"REDIS_ADDR=" + lists.Address, "HOST_IP=127.0.0.1", fmt.Sprintf("FIRST_PORT=%d", first),
		fmt.Sprintf("PORT=%d", p.port), fmt.Sprintf("ADMIN_PORT=%d", p.port+1)}
	for i := range p.servers {
		at := fmt.Sprintf("127.0.0.1:%d", first+1+i)
		p.servers[i] = "http://" + at
		serveWebapp(t, listen(t, at), append(p.settings, fmt.Sprintf("start_port=%d", first+1+i))...)
	}
	lists.Put("servers", p.servers[0])
	p.start()
	t.Cleanup(func() { p.stop() })
	return p
}

// start runs the proxy's program.
func (p *pair) start() {
	p.t.Helper()
	config, err := proxy.ReadConfig(settings.From(settingsOf(p.settings)))
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- proxy.Run(ctx, config, slog.New(slog.DiscardHandler)) }()
	p.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			p.t.Errorf("the proxy ended with %v", err)
		}
		p.stop = func() {}
	}
}

// soon is as long as the page may stand still when it has lost its server: a
// second, and what a busy machine needs. What waits for a drain or for a
// connection to be given up takes longer than this.
const soon = 10 * time.Second

// within fails if more than soon has passed since.
func within(t *testing.T, what string, since time.Time) {
	t.Helper()
	took := time.Since(since)
	t.Logf("%s: %v", what, took)
	if took > soon {
		t.Errorf("%s: took %v, want %v at most", what, took, soon)
	}
}

func TestPage_GoesOnAtAnotherServerWhenItsOwnLeaves(t *testing.T) {
	behind := startPair(t)
	p := openPageOf(t, behind.target)
	begun := time.Now()
	if _, err := p.redis.TxPipelined(t.Context(), func(tx redis.Pipeliner) error {
		tx.LRem(t.Context(), "servers", 0, behind.servers[0])
		tx.RPush(t.Context(), "servers", behind.servers[1])
		tx.LPush(t.Context(), "drainServers", behind.servers[0])
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	eventually(t, pagePatience, "the proxy has no request in flight to the server that drains", func() bool {
		return p.redis.LLen(t.Context(), "drainServers").Val() == 0
	})
	within(t, "until nothing is in flight to the server that drains", begun)
	p.redis.Push("tempServers", p.anywhere())
	p.becomes("goes on", `document.querySelector("#web-wanted > li") !== null`)
	within(t, "until the page goes on at another", begun)
}

// anywhere returns the URL of a server that does not exist.
func (p *page) anywhere() string { return fmt.Sprintf("http://127.0.0.1:%d", p.port+9) }

func TestPage_GoesOnWhenTheProxyIsRestarted(t *testing.T) {
	behind := startPair(t)
	p := openPageOf(t, behind.target)
	p.requestsMayFail()
	begun := time.Now()
	behind.stop()
	within(t, "until the proxy has ended", begun)
	p.becomes("not live", `!document.body.classList.contains("live-now")`)

	// As something else in front of it would answer meanwhile.
	var asked atomic.Int64
	away := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		asked.Add(1)
	})}
	listener := listen(t, fmt.Sprintf(":%d", p.port))
	go func() { _ = away.Serve(listener) }()
	eventually(t, pagePatience, "after a 503 the page asks again and again", func() bool { return asked.Load() >= 2 })
	away.Close()

	begun = time.Now()
	behind.start()
	p.redis.Push("tempServers", p.anywhere())
	p.becomes("goes on", `document.body.classList.contains("live-now") && document.querySelector("#web-wanted > li") !== null`)
	within(t, "until the page goes on", begun)
	if p.is(`document.body.classList.contains("lost")`) {
		t.Error("the page still says that the connection is lost")
	}
}
