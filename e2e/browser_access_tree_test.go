package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// controls are the roles of what a person with a screen reader has to know the
// name of.
var controls = []string{"button", "link", "textbox", "searchbox", "meter", "image", "img", "Iframe", "DisclosureTriangle"}

// node is what Chromium tells a screen reader of an element. The library's own
// type knows only the words of the Chromium that it was made for.
type node struct {
	Ignored    bool  `json:"ignored"`
	Role       value `json:"role"`
	Name       value `json:"name"`
	Properties []struct {
		Name  string `json:"name"`
		Value value  `json:"value"`
	} `json:"properties"`
}

type value struct {
	Value any `json:"value"`
}

func (v value) String() string {
	if v.Value == nil {
		return ""
	}
	return fmt.Sprint(v.Value)
}

// property returns one of a node in words.
func (n node) property(name string) string {
	for _, one := range n.Properties {
		if one.Name == name {
			return one.Value.String()
		}
	}
	return ""
}

// tree returns what a screen reader sees of the page.
func (p *page) tree() (seen []node) {
	p.t.Helper()
	browse(p.t, p.ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		var all struct {
			Nodes []node `json:"nodes"`
		}
		err := cdp.Execute(ctx, accessibility.CommandGetFullAXTree, nil, &all)
		seen = slices.DeleteFunc(all.Nodes, func(n node) bool { return n.Ignored })
		return err
	}))
	return seen
}

// fill shows a bit of everything that the page can.
func (p *page) fill() {
	p.t.Helper()
	p.redis.Put("servers", server3002)
	p.redis.Put("failedServers", "http://172.17.0.1:3003", "garbage")
	p.redis.Put("blueServers", "http://172.17.0.1:20000")
	p.redis.Push("webLoad", loadOf(server3002, 7))
	p.redis.Push("vitals", fmt.Sprintf(`{"at":%q,"machine":{"memory":1000,"available":500,"disk":1000,"diskFree":500},
		"containers":{"webapp_3002_app":{"cpu":3,"memory":50,"limit":100,"state":"running"}}}`, time.Now().Format(time.RFC3339)))
	browse(p.t, p.ctx, chromedp.Evaluate(`document.querySelector('form[action="/spawn"] button').click()`, nil))
	p.becomes("wanted", `document.querySelector("#web-wanted > li") !== null`)
	p.becomes("loaded", `document.querySelector("#web3002 .chart") !== null && document.querySelector("#web3002 meter") !== null`)
}

// loadOf is a second of the proxy with requests to one server.
func loadOf(server string, requests int) string {
	return fmt.Sprintf(`{"at":%q,"requests":%d,"inFlight":0,"statuses":{"2xx":%[2]d},"p50":1,"p99":2,"servers":{%q:{"requests":%[2]d,"p95":2}}}`,
		time.Now().Format(time.RFC3339Nano), requests, server)
}

func TestPage_IsKnownToAScreenReader(t *testing.T) {
	p := openPage(t)
	p.fill()
	count, level := make(map[string]int), 0
	live := false
	for _, node := range p.tree() {
		role, name := node.Role.String(), node.Name.String()
		if count[role]++; slices.Contains(controls, role) && name == "" {
			t.Errorf("a %s has no name: %+v", role, node.Properties)
		}
		if role == "heading" {
			next := 0
			fmt.Sscan(node.property("level"), &next)
			if next > level+1 && level > 0 || next == 0 {
				t.Errorf("heading %q is of level %d after one of %d", name, next, level)
			}
			level = next
		}
		live = live || role == "status" && node.property("live") == "polite"
	}
	for _, role := range []string{"button", "link", "searchbox", "meter", "image", "heading", "list", "region", "main", "navigation"} {
		if count[role] == 0 {
			t.Errorf("got no %s among %v", role, count)
		}
	}
	if !live || !p.is(`document.querySelector("#verdict .sentence").closest("[role=status]") !== null`) {
		t.Error("the sentence on top is not read out when it changes")
	}
	if p.is(`document.querySelector(".rate").closest("[role=status]") !== null`) {
		t.Error("the rate is read out every second")
	}
}

func TestPage_IsWorkedByKeyboardAndKeepsTheFocus(t *testing.T) {
	p := openPage(t)
	p.fill()
	browse(t, p.ctx, chromedp.Evaluate(`window.reached = new Set(); addEventListener("focusin", (e) => reached.add(e.target))`, nil))
	for range 60 {
		browse(t, p.ctx, chromedp.KeyEvent(kb.Tab))
	}
	var missed []string
	browse(t, p.ctx, chromedp.Evaluate(`[...document.querySelectorAll("button:enabled:not(#dismiss), input:not([type=hidden]), summary, #events")]
		.filter((e) => !reached.has(e)).map((e) => e.outerHTML)`, &missed))
	if len(missed) > 0 {
		t.Errorf("the tab key does not lead to %q", missed)
	}
	const button = "#web3002 form button"
	browse(t, p.ctx, chromedp.Focus(button))
	p.redis.Push("webLoad", loadOf(server3002, 4993))
	p.becomes("counted", `document.querySelector("#web3002 .figures").textContent.includes("1000")`)
	p.redis.LMove(t.Context(), "servers", "drainServers", "left", "left") // which is 3001
	p.becomes("another moved", `document.querySelector("#web3001 .state").textContent !== "serving"`)
	if !p.is(`document.activeElement === document.querySelector("` + button + `")`) {
		t.Error("the button of a card has lost the focus, because the card was painted again")
	}
	browse(t, p.ctx, chromedp.KeyEvent(kb.Enter))
	p.becomes("chosen", `document.querySelector("#web3002 .state").textContent === "chosen to go"`)
	p.becomes("the card has it", hasFocus("#web3002"))
}

// hasFocus is an expression: whether an element has the focus.
func hasFocus(selector string) string {
	return fmt.Sprintf(`document.activeElement.matches(%q)`, selector)
}

func TestPage_KeepsTheFocusNearWhatHasGone(t *testing.T) {
	p := openPage(t)
	p.fill()
	const forget = ` form[action="/forget"] button`
	for _, one := range []struct{ press, then string }{
		{"#web3003" + forget, ".card.failed:has(.garbage)"},
		{"#web-failed" + forget, "#h-web"}, // a column without cards is not shown
	} {
		browse(t, p.ctx, chromedp.Focus(one.press), chromedp.KeyEvent(kb.Enter))
		p.becomes(one.press, hasFocus(one.then))
	}
}

func TestPage_KeepsTheFocusNearAButtonThatCannotBePressedAnyMore(t *testing.T) {
	p := openPage(t, "MAX_SERVERS=3")
	p.redis.Put("servers", "http://172.17.0.1:3000")
	p.becomes("the first", in("web-serving", 3000))
	browse(t, p.ctx, chromedp.Focus(`form[action="/spawn"] button`), chromedp.KeyEvent(kb.Enter))
	p.becomes("full", `document.querySelector('form[action="/spawn"] button').disabled`)
	p.becomes("the heading has it", hasFocus("#h-web"))
}

func TestPage_ShowsWhereTheFocusIs(t *testing.T) {
	p := openPage(t)
	browse(t, p.ctx, chromedp.Focus("#filter"), chromedp.KeyEvent(kb.Tab))
	p.becomes("seen", hasFocus("#events:focus-visible")+` && getComputedStyle(byId("events")).outlineStyle === "solid"`)
}
