package e2e

import (
	"net/http"
	"testing"
	"time"

	devtools "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const (
	isLive = `document.body.classList.contains("live-now") && !document.body.classList.contains("lost")`
	isLost = `document.body.classList.contains("lost") && getComputedStyle(document.querySelector(".panel")).filter === "grayscale(1)"`
)

// does evaluates statements in the page.
func (p *page) does(statements string) {
	p.t.Helper()
	browse(p.t, p.ctx, chromedp.Evaluate(statements+"; 0", nil))
}

func TestPage_SaysThatItIsOldUntilItHearsTheStream(t *testing.T) {
	for what, status := range map[string]int{"refused": http.StatusServiceUnavailable, "not answered": unanswered} {
		t.Run(what, func(t *testing.T) {
			p := &page{target: startTarget(t), ctx: startBrowser(t)}
			p.refuse(status, "/live.js", "/events")
			p.requestsMayFail()
			p.watch()
			p.becomes("lost", isLost)
			if p.refuse(status); status == unanswered { // as if 45 s had passed
				p.does(`heard -= mute`)
			}
			p.becomes("live", isLive)
		})
	}
}

func TestPage_DoesWithoutAWorkerThatSaysNothing(t *testing.T) {
	p := openPage(t)
	p.does(`heard -= mute`)
	p.becomes("alone", `stream.source !== undefined`)
	p.streams(1)
	p.becomes("live", isLive)
	p.does(`alone(); show(); show()`) // as when a page is shown in two ways
	p.streams(1)
	p.redis.Push("tempServers", server3002)
	p.becomes("wanted", in("web-wanted", 3002))
	p.does(`hide()`)
	p.streams(0)
}

func TestPage_GivesUpAStreamThatIsSilent(t *testing.T) {
	p := openPage(t)
	p.does(`setTimeout = ((was) => (call, ms) => was(call, ms === silence ? 500 : ms))(setTimeout); alone()`)
	eventually(t, pagePatience, "the page asks again and again", func() bool { return p.requests("GET /events") > 3 })
	p.refuse(unanswered, "/events")
	p.becomes("lost", isLost)
	p.refuse(unanswered)
	p.becomes("live", `!document.body.classList.contains("lost")`)
}

func TestPage_TakesABeatForASignOfLife(t *testing.T) {
	p := openPage(t)
	p.does(`alone()`)
	p.becomes("live", isLive)
	p.does(`live(false), stream.source.dispatchEvent(new MessageEvent("beat", { lastEventId: new Date(Date.now() + 60000).toISOString() }))`)
	p.becomes("live", isLive+` && Math.abs(ahead - 60000) < 1000`)
}

func TestPage_SaysThatItIsOldWhenItIsShownAndHearsNothing(t *testing.T) {
	p := openPage(t)
	above := startTab(t, p.ctx) // in the same window
	p.streams(0)
	p.refuse(unanswered, "/events")
	browse(t, above, devtools.Close())
	browse(t, p.ctx, devtools.BringToFront())
	p.becomes("lost", isLost)
	if !p.is(`document.querySelector("#web3001") !== null`) {
		t.Error("the page shows nothing any more, want what it showed")
	}
}

func TestPage_TellsAgesByTheServersClock(t *testing.T) {
	p := openPage(t)
	p.redis.Put("servers", server3002)
	p.redis.Push("events", happened("serving", server3002, 5*time.Minute+10*time.Second))
	p.does(`Date.now = ((was) => () => was.call(Date) - 180000)(Date.now); alone()`)
	p.becomes("right", `document.querySelector("#web3002 .age")?.textContent === "5 min"`)
}

func TestPage_SaysThatTheServerHasAnotherVersion(t *testing.T) {
	p := openPage(t)
	const isOutdated = `byId("outdated").offsetHeight > 0`
	if p.is(isOutdated) {
		t.Error("the page says that it is of another version than its own server")
	}
	p.does(`apply({ all: true, version: "newer", put: [{ id: "pictures", html: byId("pictures").outerHTML }] })`)
	p.becomes("said", isOutdated)
	browse(t, p.ctx, chromedp.Click("#outdated a"), chromedp.WaitReady("#web3001"))
	p.becomes("of the same version", isLive+` && !(`+isOutdated+`)`)
}
