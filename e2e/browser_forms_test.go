package e2e

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

func TestPage_WorksWithoutAScript(t *testing.T) {
	app, ctx := startTarget(t), startBrowser(t)
	app.redis.Put("servers", "http://172.17.0.1:3004")
	app.redis.Put("failedServers", "http://172.17.0.1:3005", "http://172.17.0.1:3006")
	home := fmt.Sprintf("http://localhost:%d/", app.port)
	browse(t, ctx, emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(home))
	for _, one := range []struct{ press, then, list, want string }{
		{`form[action="/spawn"] button`, "#web-wanted #web3007", "tempServers", "3007"},
		{`#web3004 form[action="/destroy"] button`, "#web3004 .state.deleting", "deleteServers", "3004"},
		{`#web3005 form[action="/retry"] button`, "#web-wanted #web3005", "tempServers", "3005 3007"},
		{`#web3006 form[action="/forget"] button`, "#web-failed:not(:has(#web3006))", "failedServers", ""},
	} {
		var at string
		browse(t, ctx, chromedp.Click(one.press), chromedp.WaitReady(one.then), chromedp.Location(&at))
		got := app.redis.Elements(one.list)
		if ports := strings.ReplaceAll(strings.Join(got, " "), "http://172.17.0.1:", ""); ports != one.want || at != home {
			t.Errorf("%s: got %s with %q and the address %s, want %q and the page itself", one.press, one.list, got, at, one.want)
		}
	}
	var text string
	browse(t, ctx, chromedp.Navigate(home+"?filter=forgotten"), chromedp.Text("#events", &text))
	if strings.Count(text, "\n\n") > 1 || !strings.Contains(text, "3006") || strings.Contains(text, "3004") {
		t.Errorf("filtered: got %q, want what was forgotten alone", text)
	}
}

func TestPage_TakesAPictureByTheFormAndByDrop(t *testing.T) {
	p := openPage(t)
	p.hears()
	p.redis.Remove("images")
	raw, _ := base64.StdEncoding.DecodeString(picture)
	file := filepath.Join(t.TempDir(), "cat.png")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	browse(t, p.ctx, chromedp.SetUploadFiles("form.upload input", []string{file}))
	p.press("form.upload button")
	p.becomes("one picture", `document.querySelector("#pictures").textContent.includes("1 picture waits")`)
	p.tells("Picture stored, 70 bytes.")
	browse(t, p.ctx, chromedp.Evaluate(`(() => {
		const dropped = new DataTransfer(), bytes = Uint8Array.from(atob("`+picture+`"), (c) => c.charCodeAt());
		dropped.items.add(new File([bytes], "cat.png", { type: "image/png" }));
		document.querySelector("#pictures").dispatchEvent(new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true }));
	})()`, nil))
	p.becomes("two pictures", `document.querySelector("#pictures").textContent.includes("2 pictures wait")`)
	var shown string
	browse(t, p.ctx, chromedp.Navigate(p.url()+"meow"), chromedp.AttributeValue("main img", "src", &shown, nil))
	if want := "data:image/png;base64," + picture; shown != want {
		t.Errorf("/meow: got %q, want %q", shown, want)
	}
}

func TestPage_KeepsAPictureThatWasRefused(t *testing.T) {
	p := openPage(t)
	p.requestsMayFail()
	file := filepath.Join(t.TempDir(), "cat.txt")
	if err := os.WriteFile(file, []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	browse(t, p.ctx, chromedp.SetUploadFiles("form.upload input", []string{file}))
	p.press("form.upload button")
	p.becomes("refused", `document.querySelector("#notice.bad") !== null && !document.querySelector("form.upload [aria-busy]")`)
	if !p.is(`document.querySelector("form.upload input").files.length === 1`) {
		t.Error("what was chosen is gone, want it kept")
	}
}

func TestPage_TakesADoubleClickForOneWish(t *testing.T) {
	p := openPage(t)
	const spawn = `document.querySelector('form[action="/spawn"] button')`
	p.does(`const clicks = [], click = () => clicks.push(` + spawn + `.click()); click(), setTimeout(click, 200)`)
	p.becomes("wanted and at rest", in("web-wanted", 3002)+` && clicks.length === 2 && !`+spawn+`.hasAttribute("aria-busy")`)
	if got := p.requests("POST /spawn"); got != 1 {
		t.Errorf("a double click: got %d wishes, want 1", got)
	}
	p.press(`form[action="/spawn"] button`)
	p.becomes("wanted later", in("web-wanted", 3003))
}

func TestPage_AButtonIsBusyUntilItsAnswerComesAlthoughItIsPaintedAgain(t *testing.T) {
	p := openPage(t)
	p.fill()
	p.refuse(unanswered, "/destroy")
	p.press("#web3002 form button")
	p.redis.Push("webLoad", loadOf(server3002, 4993))
	p.becomes("counted", `document.querySelector("#web3002 .figures").textContent.includes("1000")`)
	p.press("#web3002 form button")
	if got := p.requests("POST /destroy"); got != 1 || !p.is(`document.querySelector("#web3002 form button").ariaBusy === "true"`) {
		t.Errorf("painted again: got %d requests, want 1 and a busy button", got)
	}
}

func TestPage_LeadsToTheLoginAndBack(t *testing.T) {
	p := openPage(t, "ADMIN_PASSWORD=correct horse")
	p.requestsMayFail()
	p.press(`form[action="/spawn"] button`)
	browse(t, p.ctx, chromedp.WaitVisible("#password"))
	if got := p.redis.Elements("tempServers"); len(got) != 0 {
		t.Errorf("without a login: got the wishes %q, want none", got)
	}
	browse(t, p.ctx, chromedp.SendKeys("#password", "correct horse\r"), chromedp.WaitReady(`form[action="/spawn"] button`))
	p.becomes("asked", `document.querySelector("h1")?.textContent === "Spawn a server?"`)
	p.press(`form[action="/spawn"] button`)
	browse(t, p.ctx, chromedp.WaitReady("#verdict"))
	p.becomes("wanted", in("web-wanted", 3002))
	if at := ""; chromedp.Run(p.ctx, chromedp.Location(&at)) != nil || at != p.url() {
		t.Errorf("after the login: got %s, want the page", at)
	}
}

func TestPage_LeadsToTheLoginAndHomeIfAServerWasNamed(t *testing.T) {
	p := openPage(t, "ADMIN_PASSWORD=correct horse")
	p.requestsMayFail()
	p.redis.Put("servers", server3002)
	p.press("#web3002 form button")
	browse(t, p.ctx, chromedp.WaitVisible("#password"), chromedp.SendKeys("#password", "correct horse\r"), chromedp.WaitReady("#verdict"))
	if got := p.redis.Elements("deleteServers"); len(got) != 0 {
		t.Errorf("deleteServers: got %q, want none", got)
	}
}

func TestPage_HasNoButtonWhereNothingCanBeChanged(t *testing.T) {
	p := openPage(t, "READ_ONLY=yes")
	p.redis.Put("servers", server3002)
	p.redis.Put("failedServers", "http://172.17.0.1:3003")
	p.becomes("serving", in("web-serving", 3002))
	p.becomes("failed", in("web-failed", 3003))
	var buttons []string
	browse(t, p.ctx, chromedp.Evaluate(`[...document.querySelectorAll("button, form:not(.filter)")].map((e) => e.outerHTML)`, &buttons))
	if !slices.Equal(buttons, []string{}) {
		t.Errorf("got %q, want no button and no form but the filter", buttons)
	}
}
