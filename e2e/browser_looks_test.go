package e2e

import (
	_ "embed"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/faint.js
var faint string

// happened is an event of the web pool that is so old.
func happened(what, server string, ago time.Duration) string {
	return fmt.Sprintf(`{"at":%q,"what":%q,"pool":"web","server":%q,"by":"test","ms":1}`,
		time.Now().Add(-ago).UTC().Format("2006-01-02T15:04:05.000Z"), what, server)
}

// vitalsOf is how infrastructure measured the container of 3002.
func vitalsOf(at time.Time) string {
	return fmt.Sprintf(`{"at":%q,"machine":{"memory":1000,"available":500,"disk":1000,"diskFree":500},
		"containers":{"webapp_3002_app":{"cpu":33.5,"memory":97000000,"limit":100000000,"state":"running","version":"abcdef0123"}}}`, at.Format(time.RFC3339))
}

func TestCard_KeepsItsShapeWhateverItShows(t *testing.T) {
	p := openPage(t)
	p.redis.Put("servers", server3002, server3003, "http://172.17.0.1:3004")
	p.redis.Push("events", happened("serving", server3002, 23*time.Hour+59*time.Minute))
	p.redis.Push("vitals", vitalsOf(time.Now()))
	p.redis.Push("webLoad", loadOf(server3002, 7))
	p.becomes("all of it", `["meter", ".chart", ".version", ".age"].every((one) => document.querySelector("#web3002 " + one) !== null)`)
	for _, width := range []int64{1400, 1000, 320} {
		browse(t, p.ctx, chromedp.EmulateViewport(width, 900))
		p.becomes(fmt.Sprintf("the cross is in the first line at %d px", width), `(() => {
			const line = document.querySelector("#web3002 .port").getBoundingClientRect(), card = document.querySelector("#web3002").getBoundingClientRect();
			const cross = document.querySelector("#web3002 form button").getBoundingClientRect();
			return cross.top < line.bottom && cross.bottom > line.top && cross.right <= card.right;
		})()`)
		p.becomes(fmt.Sprintf("the cards are equally high at %d px", width),
			`new Set([2, 3, 4].map((n) => Math.round(document.querySelector("#web300" + n).getBoundingClientRect().height))).size === 1`)
	}
}

func TestPage_CutsNoWord(t *testing.T) {
	p := openPage(t)
	browse(t, p.ctx, chromedp.EmulateViewport(1400, 900))
	p.becomes("each list's name is in one line", `[...document.querySelectorAll("#live h3 code")].every((code) => code.offsetHeight < 2 * parseFloat(getComputedStyle(code).fontSize))`)
	browse(t, p.ctx, chromedp.EmulateViewport(320, 900))
	p.becomes("the numbers are below the heading", `document.querySelector("#numbers-web").getBoundingClientRect().top >= document.querySelector("#h-web").getBoundingClientRect().bottom`)
	p.becomes("nothing is wider than the page", `document.documentElement.scrollWidth <= innerWidth`)
}

func TestPage_HasNoTextThatIsHardToRead(t *testing.T) {
	p := openPage(t)
	p.fill()
	p.redis.Push("vitals", vitalsOf(time.Now()))
	p.becomes("all of it", `document.querySelector("#web3002 .version") !== null && document.getAnimations().length === 0`)
	for _, theme := range []string{"light", "dark"} {
		browse(t, p.ctx, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}))
		for _, also := range []string{"live-now", "lost", "astray"} {
			var texts []string
			browse(t, p.ctx, chromedp.Evaluate(fmt.Sprintf(`document.body.className = %q; `, also)+faint, &texts))
			if len(texts) > 0 {
				t.Errorf("%s, %s: got %q, want a contrast of 4.5", theme, also, texts)
			}
		}
	}
}
