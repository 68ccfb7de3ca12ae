package e2e

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"deux/internal/redistest"
)

// relay stands before a Redis, which seems to stop when it is cut.
type relay struct {
	t       *testing.T
	to      string
	address string

	mu       sync.Mutex
	listener net.Listener
	open     []net.Conn
}

func startRelay(t *testing.T, to string) *relay {
	t.Helper()
	r := &relay{t: t, to: to, address: "127.0.0.1:0"}
	r.restore()
	t.Cleanup(r.cut)
	return r
}

// restore takes connections, at the same address as before.
func (r *relay) restore() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listener = listen(r.t, r.address)
	r.address = r.listener.Addr().String()
	go r.accept(r.listener)
}

// cut ends all connections and takes no more.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listener.Close()
	for _, one := range r.open {
		one.Close()
	}
	r.open = nil
}

func (r *relay) accept(listener net.Listener) {
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", r.to)
		if err != nil {
			from.Close()
			continue
		}
		r.mu.Lock()
		r.open = append(r.open, from, to)
		r.mu.Unlock()
		go pass(from, to)
		go pass(to, from)
	}
}

func pass(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	to.Close()
}

// look is an expression: how the card of 3001 looks, with all that it is in.
const look = `(() => {
	const looks = [];
	for (let e = document.querySelector("#web3001"); e; e = e.parentElement) {
		const style = getComputedStyle(e);
		looks.push(style.opacity, style.filter);
	}
	return looks.join();
})()`

func TestPage_StaysWhileRedisIsAwayAndIsRightAfterwards(t *testing.T) {
	lists := redistest.Open(t)
	between := startRelay(t, lists.Address)
	p := openPageOf(t, startTargetOver(t, lists, "REDIS_ADDR="+between.address))
	p.requestsMayFail()
	var before string
	browse(t, p.ctx, chromedp.Evaluate(look, &before))

	between.cut()
	const says = `document.querySelector("#verdict").textContent.includes("Redis does not answer")`
	p.becomes("said", says+` && document.title.includes("Redis does not answer")`)
	p.becomes("of when", `Math.abs(Date.now() - new Date(document.querySelector("#verdict .hint time").dateTime)) < 20000`)
	var during string
	browse(t, p.ctx, chromedp.Evaluate(look, &during))
	if !p.is(in("web-serving", 3001)) || before == during {
		t.Errorf("while Redis is away the card looks %q, want it to be there and to look other than %q", during, before)
	}
	later := p.window()
	if !later.is(says + " && " + in("web-serving", 3001)) {
		t.Error("a page loaded while Redis is away does not show what was seen last")
	}
	p.press(`form[action="/spawn"] button`)
	p.becomes("refused", `document.querySelector("#notice.bad")?.textContent.length > 0`)
	lists.Put("servers", server3002)

	between.restore()
	for _, one := range []*page{p, later} {
		one.becomes("right", in("web-serving", 3002))
		one.becomes("said no more", "!"+says+` && !document.querySelector("[data-stale]")`)
	}
}
