package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// hears has the page remember its notices, which go away, and how long each
// was to stay. None goes away by itself before the test says so.
func (p *page) hears() {
	p.t.Helper()
	browse(p.t, p.ctx, chromedp.Evaluate(`window.told = [], window.timers = [];
		new MutationObserver(() => byId("notice").textContent && told.push(byId("notice").textContent)).observe(byId("notice"), { childList: true });
		setTimeout = ((was) => (call, ms) => ms < 5000 ? was(call, ms) : timers.push({ call, ms }))(setTimeout);`, nil))
}

// tells waits for a notice.
func (p *page) tells(text string) {
	p.t.Helper()
	p.becomes("told", `told.includes(`+"`"+text+"`"+`)`)
}

const isSilent = `byId("notice").textContent === "" && byId("dismiss") === null`

func TestNotice_SaysWhatWasDone(t *testing.T) {
	p := openPage(t)
	p.hears()
	p.redis.Put("servers", server3002)
	p.redis.Put("failedServers", server3003, "garbage")
	p.press("#web3002 form button")
	p.tells("3002 is leaving.")
	p.press(`#web3003 form[action="/forget"] button`)
	p.tells("3003 is forgotten.")
	p.press(`#web-failed form[action="/forget"] button[aria-label="Forget garbage"]`)
	p.tells("garbage is forgotten.")
	p.redis.Put("failedServers", server3003)
	p.press(`#web3003 form[action="/retry"] button`)
	p.tells("3003 is wanted again.")
	p.press(`form[action="/spawn"] button`)
	p.tells("3004 is wanted.")
}

func TestNotice_MovesNothingAndGoesAway(t *testing.T) {
	p := openPage(t)
	p.hears()
	p.redis.Put("servers", server3002)
	p.becomes("serving", in("web-serving", 3002))
	// At one moment, and where it is laid out: it may still be on its way.
	if !p.is(`(() => {
		const top = () => byId("web3002").offsetTop, before = top();
		note("Something was done.");
		return top() === before && byId("notice").offsetHeight > 0;
	})()`) {
		t.Error("a card lies elsewhere when there is a notice, want the same place")
	}
	for _, one := range []struct{ what, do string }{
		{"its time is over", `timers.at(-1).ms === 8000 && timers.at(-1).call()`},
		{"it is dismissed", `byId("dismiss").click()`},
		{"the next action comes", `fetch = () => new Promise(() => {}), document.querySelector("#web3002 form button").click()`},
	} {
		browse(t, p.ctx, chromedp.Evaluate(`note("Something was done."); 0`, nil))
		if p.is(isSilent) {
			t.Error("got no notice, want one")
		}
		browse(t, p.ctx, chromedp.Evaluate(one.do+`; 0`, nil))
		p.becomes("silent when "+one.what, isSilent)
	}
	browse(t, p.ctx, chromedp.Evaluate(`note("It failed.", true); 0`, nil), chromedp.KeyEvent(kb.Escape))
	p.becomes("silent after Escape", isSilent)
	browse(t, p.ctx, chromedp.Focus("#filter"), chromedp.Evaluate(`note("Something was done."); 0`, nil), chromedp.Focus("#dismiss"), chromedp.KeyEvent(kb.Enter))
	p.becomes("silent", isSilent+" && "+hasFocus("#filter"))
}
