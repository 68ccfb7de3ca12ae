package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	devtools "github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// page is the dashboard in a tab of a browser, over a web app of the test's own.
type page struct {
	*target
	ctx context.Context

	mu      sync.Mutex
	said    []string // in the console
	mayFail bool     // requests may fail, which the browser says by itself
}

// openPage opens the dashboard, whose console has to stay empty.
func openPage(t *testing.T, set ...string) *page {
	t.Helper()
	return openPageOf(t, startTarget(t, set...))
}

func openPageOf(t *testing.T, of *target) *page {
	t.Helper()
	p := &page{target: of, ctx: startBrowser(t)}
	p.open()
	return p
}

// window opens the dashboard in another window of the same browser. A tab of
// the same window would hide this one.
func (p *page) window() *page {
	p.t.Helper()
	browser := chromedp.FromContext(p.ctx).Browser
	id, err := devtools.CreateTarget("about:blank").WithNewWindow(true).Do(cdp.WithExecutor(p.ctx, browser))
	if err != nil {
		p.t.Fatal(err)
	}
	other := &page{target: p.target, ctx: startTab(p.t, p.ctx, chromedp.WithTargetID(id)), mayFail: p.mayFail}
	other.open()
	return other
}

// open loads the page and waits until it is live.
func (p *page) open() {
	p.t.Helper()
	p.watch()
	p.becomes("live", `document.body.classList.contains("live-now")`)
}

// watch loads the page and listens to what it says in the console.
func (p *page) watch() {
	p.t.Helper()
	chromedp.ListenTarget(p.ctx, p.listen)
	p.t.Cleanup(p.close)
	browse(p.t, p.ctx, log.Enable(), chromedp.ActionFunc(p.load), chromedp.WaitReady("#verdict"))
}

// networkChanged is what the browser says of every request under way when a
// network interface of the machine comes or goes, as with each container.
const networkChanged = "net::ERR_NETWORK_CHANGED"

// load goes to the page, again if it was interrupted.
func (p *page) load(ctx context.Context) error {
	for {
		err := chromedp.Navigate(p.url()).Do(ctx)
		if err == nil || !strings.Contains(err.Error(), networkChanged) {
			return err
		}
	}
}

// close keeps a picture of a page that a test has failed on.
func (p *page) close() {
	p.mu.Lock()
	said := p.said
	p.mu.Unlock() // the browser has to be able to say more
	if len(said) > 0 {
		p.t.Errorf("console: got %q, want nothing", said)
	}
	if p.t.Failed() {
		keepPicture(p.t, p.ctx)
	}
}

// keepPicture writes what the browser shows to a file that stays.
func keepPicture(t *testing.T, ctx context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, pagePatience)
	defer cancel()
	var picture []byte
	if err := chromedp.Run(ctx, chromedp.FullScreenshot(&picture, 100)); err != nil {
		t.Logf("no picture of the page: %v", err)
		return
	}
	dir := filepath.Join(os.TempDir(), "deux-pictures")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.CreateTemp(dir, strings.ReplaceAll(t.Name(), "/", "_")+"-*.png")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(picture); err != nil {
		t.Fatal(err)
	}
	t.Logf("a picture of the page: %s", file.Name())
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
		isAboutRequest := event.Entry.Source == log.SourceNetwork || event.Entry.Text == "Failed to fetch a worker script."
		if !isAboutRequest || !p.mayFail && !strings.Contains(event.Entry.Text, networkChanged) {
			p.said = append(p.said, event.Entry.Text+" "+event.Entry.URL)
		}
	}
}

// requestsMayFail lets the browser say in the console that one has.
func (p *page) requestsMayFail() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mayFail = true
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
	eventually(p.t, pagePatience, what+" ("+expression+")", func() bool { return p.is(expression) }, func() string {
		var text string
		browse(p.t, p.ctx, chromedp.Text("main", &text))
		return "the page shows\n" + text
	})
}

// press presses a button as the keyboard does: a card that is on its way from
// one column to another is hard to hit with a mouse.
func (p *page) press(selector string) {
	p.t.Helper()
	p.becomes(selector, fmt.Sprintf(`document.querySelector(%q) !== null`, selector))
	browse(p.t, p.ctx, chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).click()`, selector), nil))
}

// in is an expression: whether the card of a port is in a column, and nowhere else.
func in(column string, port int) string {
	return fmt.Sprintf(`document.querySelectorAll("#web%d").length === 1 && document.querySelector("#%s > #web%[1]d") !== null`, port, column)
}
