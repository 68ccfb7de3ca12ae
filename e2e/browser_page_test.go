package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// page is the dashboard in a browser, over a web app of the test's own.
type page struct {
	*target
	ctx context.Context

	mu   sync.Mutex
	said []string // in the console
}

// openPage opens the dashboard, whose console has to stay empty.
func openPage(t *testing.T) *page {
	t.Helper()
	p := &page{target: startTarget(t), ctx: startBrowser(t)}
	chromedp.ListenTarget(p.ctx, p.listen)
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.said) > 0 {
			t.Errorf("console: got %q, want nothing", p.said)
		}
	})
	browse(t, p.ctx, log.Enable(), chromedp.Navigate(p.url()), chromedp.WaitReady("#verdict"))
	p.becomes("live", `document.body.classList.contains("live-now")`)
	return p
}

// pagePatience is how long the page may take to show what it has to.
const pagePatience = 30 * time.Second

func (p *page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch event := event.(type) {
	case *runtime.EventExceptionThrown:
		p.said = append(p.said, event.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		for _, argument := range event.Args {
			p.said = append(p.said, string(argument.Value))
		}
	case *log.EventEntryAdded:
		p.said = append(p.said, event.Entry.Text+" "+event.Entry.URL)
	}
}

func (p *page) url() string { return fmt.Sprintf("http://localhost:%d/", p.port) }

// is reports whether an expression is true in the page.
func (p *page) is(expression string) bool {
	p.t.Helper()
	var is bool
	browse(p.t, p.ctx, chromedp.Evaluate(expression, &is))
	return is
}

// becomes waits until an expression is true in the page.
func (p *page) becomes(what, expression string) {
	p.t.Helper()
	for end := time.Now().Add(pagePatience); !p.is(expression); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			var text string
			browse(p.t, p.ctx, chromedp.Text("main", &text))
			p.t.Fatalf("never: %s (%s); the page shows\n%s", what, expression, text)
		}
	}
}

// cli runs a command as redis-cli would.
func (p *page) cli(command ...any) {
	p.t.Helper()
	if err := p.redis.Do(p.t.Context(), command...).Err(); err != nil {
		p.t.Fatal(err)
	}
}

const server3002 = "http://172.17.0.1:3002"

// in is an expression: whether the card of a port is in a column, and nowhere else.
func in(column string, port int) string {
	return fmt.Sprintf(`document.querySelectorAll("#web%d").length === 1 && document.querySelector("#%s > #web%[1]d") !== null`, port, column)
}

func TestPage_ACardMovesWithItsElement(t *testing.T) {
	p := openPage(t)
	browse(t, p.ctx, chromedp.Click(`form[action="/spawn"] button`, chromedp.ByQuery))
	p.becomes("wanted", in("web-wanted", 3002))
	p.becomes("the event", `document.querySelector("#events > :first-child").textContent.includes("LPUSH tempServers `+server3002+`")`)
	p.becomes("told", `document.querySelector("#notice").textContent.includes("3002")`)
	p.cli("lmove", "tempServers", "spawningServers", "right", "left")
	p.becomes("starting", in("web-starting", 3002))
	p.cli("lmove", "spawningServers", "servers", "right", "right")
	p.becomes("serving", in("web-serving", 3002))
	browse(t, p.ctx, chromedp.Click("#web3002 form button"))
	p.becomes("chosen", `document.querySelector("#web3002 .state").textContent === "chosen to go"`)
	if got := p.redis.LRange(t.Context(), "deleteServers", 0, -1).Val(); !slices.Equal(got, []string{server3002}) {
		t.Errorf("deleteServers: got %q, want %s", got, server3002)
	}
	p.cli("del", "deleteServers", "servers")
	p.cli("lpush", "destroyingServers", server3002)
	p.cli("lpush", "drainServers", server3002)
	p.becomes("draining", in("web-draining", 3002))
	p.cli("del", "drainServers")
	p.becomes("leaving", in("web-leaving", 3002))
	p.cli("del", "destroyingServers")
	p.becomes("gone", `document.querySelector("#web3002") === null`)
}

func TestPage_ShowsAChangeSoon(t *testing.T) {
	p := openPage(t)
	var took []time.Duration
	for port := 3010; port < 3050; port++ {
		begun := time.Now()
		p.cli("lpush", "tempServers", fmt.Sprintf("http://172.17.0.1:%d", port))
		browse(t, p.ctx, chromedp.Poll(in("web-wanted", port), nil, chromedp.WithPollingMutation()))
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	p95 := took[len(took)*95/100]
	t.Logf("from the list to the page: median %v, p95 %v", took[len(took)/2], p95)
	if p95 > time.Second {
		t.Errorf("from the list to the page: p95 %v, want a second at most even here", p95)
	}
}

func TestPage_WorksWithoutAScript(t *testing.T) {
	app, ctx := startTarget(t), startBrowser(t)
	var at, text string
	browse(t, ctx, withoutScript(), chromedp.Navigate(fmt.Sprintf("http://localhost:%d/", app.port)),
		chromedp.Click(`form[action="/spawn"] button`), chromedp.WaitReady("#web-wanted #web3002"),
		chromedp.Location(&at), chromedp.Text("#events", &text))
	if !strings.HasSuffix(at, "/") || !strings.Contains(text, "wanted") {
		t.Errorf("after the button: got %s and the events %q, want the page itself and what was wanted", at, text)
	}
}

func withoutScript() chromedp.Action { return emulation.SetScriptExecutionDisabled(true) }
