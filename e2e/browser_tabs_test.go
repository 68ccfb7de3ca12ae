package e2e

import (
	"fmt"
	"testing"
	"time"

	devtools "github.com/chromedp/cdproto/page"

	"deux/internal/redistest"
)

func TestPage_SevenTabsAreLiveOverOneStream(t *testing.T) {
	tabs := []*page{openPage(t)}
	for len(tabs) < 7 {
		tabs = append(tabs, tabs[0].window())
	}
	tabs[0].redis.Push("tempServers", server3002)
	for _, tab := range tabs {
		tab.becomes("wanted", in("web-wanted", 3002))
	}
	if got := tabs[0].requests("GET /events"); got != 1 {
		t.Errorf("seven tabs: got %d streams, want 1", got)
	}
}

// streams waits until so many streams are open.
func (p *page) streams(want int) {
	p.t.Helper()
	eventually(p.t, pagePatience, fmt.Sprintf("%d streams are open", want), func() bool { return p.underWay("GET /events") == want },
		func() string { return fmt.Sprintf("got %d", p.underWay("GET /events")) })
}

func TestPage_AHiddenTabAsksNothingAndIsRightWhenItIsShownAgain(t *testing.T) {
	p := openPage(t)
	above := startTab(t, p.ctx) // in the same window
	p.streams(0)
	for heard := []string{"the last look"}; len(heard) > 0; { // may be under way
		heard = redistest.Listen(t, p.redis.Address, "", func() { time.Sleep(time.Second) })
		if commands := redistest.Commands(heard); commands["multi"] > 1 {
			t.Fatalf("without a viewer Redis hears %v, want nothing", commands)
		}
	}
	p.redis.Push("tempServers", server3002)
	begun := time.Now()
	browse(t, above, devtools.Close())
	browse(t, p.ctx, devtools.BringToFront())
	p.becomes("right", in("web-wanted", 3002))
	if took := time.Since(begun); took > soon {
		t.Errorf("shown again, the page is right after %v, want at once", took)
	}
	p.streams(1)
}
