package e2e

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// request is one that the load has sent, or a push.
type request struct {
	kind, pool string // the pool is web, blue or green
	once       bool   // the proxy may not repeat it
	needsRedis bool
	from, to   time.Time
	status     int    // 0 without an answer
	server     string // that had it last
	err        error  // nil if all is well
}

func (r request) String() string {
	return fmt.Sprintf("%s %s from %s for %v, at %q: %d %v", r.pool, r.kind, r.from.Format("05.000"),
		r.to.Sub(r.from).Round(time.Millisecond), r.server, r.status, r.err)
}

// traffic is the load: requests at fixed rates, whatever their answers take.
type traffic struct {
	k      *soak
	client *http.Client
	cancel context.CancelFunc
	wait   sync.WaitGroup
	image  []byte
	form   string // the content type of image

	mu      sync.Mutex
	sent    map[string]int
	failed  []request // not judged yet
	slow    []request // what had an answer, but late
	excused map[string]int
}

// mostUnderWay bounds the requests of a kind that wait for an answer.
const mostUnderWay = 60

func startTraffic(k *soak) *traffic {
	ctx, cancel := context.WithCancel(context.Background())
	tr := &traffic{k: k, cancel: cancel, sent: make(map[string]int), excused: make(map[string]int),
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 50}}}
	tr.image, tr.form = pictureForm(k.t)
	web, served := k.proxy(""), func(c *colour) string { return k.url(c.name) }
	tr.every(ctx, 50*time.Millisecond, request{kind: "GET", pool: "web"}, func(r *request) { tr.ask(r, "GET", web+"/healthz", 200) })
	tr.every(ctx, 50*time.Millisecond, request{kind: "POST", pool: "web", once: true}, func(r *request) { tr.ask(r, "POST", web+"/upload", 400) })
	tr.every(ctx, 200*time.Millisecond, request{kind: "upload", pool: "web", once: true, needsRedis: true}, func(r *request) { tr.ask(r, "POST", web+"/upload", 201) })
	tr.every(ctx, 150*time.Millisecond, request{kind: "picture", pool: "web", once: true, needsRedis: true}, func(r *request) { tr.ask(r, "GET", web+"/meow", 200, 404) })
	tr.every(ctx, 200*time.Millisecond, request{kind: "page", pool: "web", needsRedis: true}, func(r *request) { tr.ask(r, "GET", web+"/listservers", 200) })
	for range 2 {
		tr.again(ctx, request{kind: "stream", pool: "web", needsRedis: true}, func(r *request) { tr.watch(ctx, r, web+"/events") })
	}
	for _, c := range k.colours {
		tr.every(ctx, 100*time.Millisecond, request{kind: "GET", pool: c.name}, func(r *request) { tr.askApp(r, "GET", served(c), c) })
		tr.every(ctx, 200*time.Millisecond, request{kind: "POST", pool: c.name, once: true}, func(r *request) { tr.askApp(r, "POST", served(c), c) })
		tr.again(ctx, request{kind: "websocket", pool: c.name, once: true}, func(r *request) { tr.converse(r, served(c)) })
	}
	return tr
}

func (tr *traffic) stop() {
	tr.cancel()
	tr.wait.Wait()
}

// every sends a request at each interval.
func (tr *traffic) every(ctx context.Context, interval time.Duration, like request, send func(*request)) {
	places := make(chan struct{}, mostUnderWay)
	tr.wait.Go(func() {
		for ticker := time.NewTicker(interval); ; {
			select {
			case <-ctx.Done():
				ticker.Stop()
				return
			case <-ticker.C:
			}
			select {
			case places <- struct{}{}:
				tr.wait.Go(func() { tr.one(like, send); <-places })
			default: // as many wait as may
			}
		}
	})
}

// again sends a request when the one before has ended.
func (tr *traffic) again(ctx context.Context, like request, send func(*request)) {
	tr.wait.Go(func() {
		for ctx.Err() == nil {
			tr.one(like, send)
			time.Sleep(250 * time.Millisecond) // as a browser does
		}
	})
}

func (tr *traffic) one(r request, send func(*request)) {
	r.from = time.Now()
	send(&r)
	r.to = time.Now()
	tr.count(r)
}

func (tr *traffic) count(r request) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.sent[r.pool+" "+r.kind]++
	if r.err != nil {
		tr.failed = append(tr.failed, r)
	} else if r.once && r.to.Sub(r.from) > time.Second {
		tr.slow = append(tr.slow, r)
	}
}

// ask sends a request that must be answered with one of the statuses.
func (tr *traffic) ask(r *request, method, url string, want ...int) (body string) {
	var form io.Reader
	if r.kind == "upload" {
		form = bytes.NewReader(tr.image)
	}
	message, err := http.NewRequest(method, url, form)
	if err != nil {
		r.err = err
		return ""
	}
	message.Header.Set("Accept", "application/json")
	if r.kind == "upload" {
		message.Header.Set("Content-Type", tr.form)
	}
	response, err := tr.client.Do(message)
	if err != nil {
		r.err = err
		return ""
	}
	r.status, r.server = response.StatusCode, response.Header.Get("X-Served-By")
	if body, r.err = read(response); r.err == nil && !slices.Contains(want, r.status) {
		r.err = fmt.Errorf("want %v: %s", want, body)
	}
	return body
}

// askApp asks a deployed app, which must say that it is one that was pushed.
func (tr *traffic) askApp(r *request, method, url string, c *colour) {
	body := tr.ask(r, method, url, 200)
	if fields := strings.Fields(body); r.err == nil && (len(fields) != 3 || fields[0] != c.name || !c.knows(fields[1])) {
		r.err = fmt.Errorf("answered %q, want %s and a revision that was pushed", body, c.name)
	}
}

// watch reads an event stream for some seconds, or until it ends: a server that
// goes ends its own. What must come is the first event.
func (tr *traffic) watch(ctx context.Context, r *request, url string) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	message, _ := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	response, err := http.DefaultClient.Do(message)
	if err != nil {
		if r.err = err; ctx.Err() == context.Canceled {
			r.err = nil
		}
		return
	}
	defer response.Body.Close()
	if r.status, r.server = response.StatusCode, response.Header.Get("X-Served-By"); r.status != http.StatusOK {
		r.err = errors.New("want an event stream")
		return
	}
	came := false
	for lines := bufio.NewReaderSize(response.Body, 1<<20); err == nil; {
		var line string
		line, err = lines.ReadString('\n')
		came = came || strings.HasPrefix(line, "data: ")
	}
	if !came && ctx.Err() != context.Canceled {
		r.err = fmt.Errorf("no event came: %w", err)
	}
}
