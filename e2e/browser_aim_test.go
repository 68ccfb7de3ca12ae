package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// crossOf is the button that destroys a server.
func crossOf(port int) string { return fmt.Sprintf(`#web%d form[action="/destroy"] button`, port) }

// settled is an expression: every card lies where it stays, and has for longer
// than a touch has to wait.
const settled = `document.getAnimations().length === 0 &&
	[...document.querySelectorAll(".card")].every((card) => !(performance.now() - settled.get(card) < settling))`

// spot is where an element is on the screen.
type spot struct{ X, Y float64 }

func (p *page) spotOf(selector string) (at spot) {
	p.t.Helper()
	p.becomes(selector, fmt.Sprintf(`document.querySelector(%q) !== null && %s`, selector, settled))
	browse(p.t, p.ctx, chromedp.ScrollIntoView(selector), chromedp.Evaluate(fmt.Sprintf(`(() => {
		const is = document.querySelector(%q).getBoundingClientRect();
		return { X: is.left + is.width / 2, Y: is.top + is.height / 2 };
	})()`, selector), &at))
	return at
}

// point moves the mouse.
func (p *page) point(at spot) {
	p.t.Helper()
	browse(p.t, p.ctx, chromedp.MouseEvent(input.MouseMoved, at.X, at.Y))
}

// click presses and releases the mouse where it is.
func (p *page) click(at spot) {
	p.t.Helper()
	browse(p.t, p.ctx, chromedp.MouseClickXY(at.X, at.Y))
}

// tap touches the screen.
func (p *page) tap(at spot) {
	p.t.Helper()
	browse(p.t, p.ctx, chromedp.ActionFunc(func(ctx context.Context) error {
		points := []*input.TouchPoint{{X: at.X, Y: at.Y}}
		if err := input.DispatchTouchEvent(input.TouchStart, points).Do(ctx); err != nil {
			return err
		}
		return input.DispatchTouchEvent(input.TouchEnd, []*input.TouchPoint{}).Do(ctx)
	}))
}

// openThree shows the first server and two that can be destroyed, beside each other.
func openThree(t *testing.T) *page {
	t.Helper()
	p := openPage(t)
	browse(t, p.ctx, chromedp.EmulateViewport(1400, 900))
	p.redis.Remove("servers")
	p.redis.Put("servers", "http://172.17.0.1:3000", server3002, server3003)
	p.becomes("three", in("web-serving", 3003)+` && document.querySelector("#web3001") === null`)
	return p
}

// leaves takes 3002 away, so that 3003 comes to lie in its place.
func (p *page) leaves(place spot) {
	p.t.Helper()
	p.redis.Remove("servers")
	p.redis.Put("servers", "http://172.17.0.1:3000", server3003)
	p.becomes("closed up", fmt.Sprintf(`document.querySelector("#web3002") === null &&
		document.elementFromPoint(%f, %f)?.closest("#web3003 button") != null`, place.X, place.Y))
}

// chosen compares what has been chosen to go.
func (p *page) chosen(want ...string) {
	p.t.Helper()
	if got := p.redis.Elements("deleteServers"); !slices.Equal(got, want) {
		p.t.Errorf("deleteServers: got %q, want %q", got, want)
	}
}

const isToldOf3003 = `document.querySelector("#notice").textContent.startsWith("Nothing was done: 3003 came")`

func TestPage_AClickDoesNotCountForACardThatCameUnderThePointer(t *testing.T) {
	p := openThree(t)
	place := p.spotOf(crossOf(3002))
	p.point(place)
	p.leaves(place)
	p.becomes("at rest", settled)
	const colour = `getComputedStyle(document.querySelector("#web3003 button")).backgroundColor`
	p.becomes("not hot", colour+` === "rgba(0, 0, 0, 0)" && document.body.classList.contains("astray")`)
	p.click(place)
	p.becomes("told", isToldOf3003)
	p.chosen()
	p.point(spot{place.X + 5, place.Y})
	p.becomes("hot", colour+` !== "rgba(0, 0, 0, 0)"`)
	browse(t, p.ctx, chromedp.Evaluate(`document.body.classList.add("astray")`, nil))
	p.becomes("not hot while astray", colour+` === "rgba(0, 0, 0, 0)"`)
	p.click(spot{place.X + 5, place.Y})
	p.becomes("chosen", `document.querySelector("#web3003 .state").textContent === "chosen to go"`)
	p.chosen(server3003)
}

func TestPage_AClickCountsForTheCardThatThePersonScrolledTo(t *testing.T) {
	p := openThree(t)
	place := p.spotOf(crossOf(3002))
	browse(t, p.ctx, chromedp.Evaluate(`document.body.style.paddingBottom = "2000px"`, nil))
	above := spot{place.X, place.Y - 100}
	p.point(above)
	browse(t, p.ctx, chromedp.ActionFunc(input.DispatchMouseEvent(input.MouseWheel, above.X, above.Y).WithDeltaX(0).WithDeltaY(100).Do))
	p.becomes("scrolled", fmt.Sprintf(`document.elementFromPoint(%f, %f)?.closest("#web3002 button") != null`, above.X, above.Y))
	p.click(above)
	p.becomes("chosen", `document.querySelector("#web3002 .state").textContent === "chosen to go"`)
}

func TestPage_ATouchDoesNotCountForACardThatHasOnlyJustCome(t *testing.T) {
	p := openThree(t)
	place := p.spotOf(crossOf(3002))
	browse(t, p.ctx, emulation.SetTouchEmulationEnabled(true))
	p.leaves(place)
	const after = `performance.now = () => settled.get(document.querySelector("#web3003")) + `
	browse(t, p.ctx, chromedp.Evaluate(after+`699`, nil))
	p.tap(place)
	p.becomes("told", isToldOf3003)
	p.chosen()
	browse(t, p.ctx, chromedp.Evaluate(after+`701`, nil))
	p.tap(place)
	p.becomes("chosen", `document.querySelector("#web3003 .state").textContent === "chosen to go"`)
}

func TestPage_AKeyCountsForTheCardThatHasTheFocus(t *testing.T) {
	p := openThree(t)
	place := p.spotOf(crossOf(3002))
	p.point(place)
	browse(t, p.ctx, chromedp.Focus(crossOf(3003)))
	p.leaves(place)
	browse(t, p.ctx, chromedp.KeyEvent(kb.Enter))
	p.becomes("chosen", `document.querySelector("#web3003 .state").textContent === "chosen to go"`)
	p.chosen(server3003)
}
