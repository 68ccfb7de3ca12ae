package webapp

import (
	"strings"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

func TestMessage_IsStoredForTenSeconds(t *testing.T) {
	cli := redistest.Open(t)
	f := fleet.Open(fleet.Redis{Address: cli.Address}, site)
	defer f.Close()
	handler := pages(t, f)

	expectJSON(t, handler, "GET", "/set/note", 200,
		`{"key":"note","value":"This message will self-destruct in 10 seconds.","seconds":10}`)
	expectJSON(t, handler, "GET", "/get/note", 200,
		`{"key":"note","value":"This message will self-destruct in 10 seconds."}`)
	expectHTML(t, handler, "GET", "/set/note", 200, `<a href="/get/note">`)
	expectHTML(t, handler, "GET", "/get/note", 200, "This message will self-destruct in 10 seconds.")
	life, err := cli.PTTL(t.Context(), "note").Result()
	if err != nil || life <= 0 || life > 10*time.Second {
		t.Errorf("time to live: got %v, %v, want at most 10s", life, err)
	}
}

func TestMessage_IsNotThereUnderAKeyThatNobodySet(t *testing.T) {
	handler := pages(t, open(t))
	const sentence = "There is no message under this key, or it has self-destructed."
	expectJSON(t, handler, "GET", "/get/note", 404, `{"error":"`+sentence+`"}`)
	expectHTML(t, handler, "GET", "/get/note", 404, sentence)
}

func TestKey_IsTheUnescapedRestOfThePath(t *testing.T) {
	f := open(t)
	handler := pages(t, f)
	for path, key := range map[string]string{
		"a%2Fb":                       "a/b",
		"a+b":                         "a+b",
		"a%2Fb+c":                     "a/b+c",
		"100%25":                      "100%",
		"%252F":                       "%2F",
		"gr%C3%BC%C3%9Fe":             "grüße",
		"grüße":                       "grüße",
		"two%20words%3F":              "two words?",
		strings.Repeat("k", 512):      strings.Repeat("k", 512),
		strings.Repeat("%C3%BC", 256): strings.Repeat("ü", 256),
	} {
		got := ask(t, handler, "GET", "/set/"+path, asJSON)
		if _, err := f.Message(t.Context(), key); got.status != 200 || err != nil {
			t.Errorf("/set/%s: got %d, and %v for key %q, want 200 and the message", path, got.status, err, key)
		}
		if got := ask(t, handler, "GET", "/get/"+path, asJSON).status; got != 200 {
			t.Errorf("/get/%s: got %d, want 200", path, got)
		}
	}
}

func TestKey_ThatNobodyCanReadIsRefused(t *testing.T) {
	handler := pages(t, open(t))
	for _, path := range []string{
		strings.Repeat("k", 513),
		strings.Repeat("%C3%BC", 256) + "k",
		"a%00b", "a%0Ab", "a%7Fb", "a%C2%85b", "a%FFb", "%2Fa%0A",
	} {
		for _, page := range []string{"/set/", "/get/"} {
			expectJSON(t, handler, "GET", page+path, 400,
				`{"error":"A key is text in UTF-8 of at most 512 bytes, without control characters."}`)
		}
	}
}

func TestKey_IsNotAListOfTheSystem(t *testing.T) {
	f := open(t)
	list(t, f, 3000)
	handler := pages(t, f)
	for _, key := range []string{"servers", "tempServers", "s%65rvers", "recent", "images", "drainServers", "blueServers"} {
		for _, page := range []string{"/set/", "/get/"} {
			expectJSON(t, handler, "GET", page+key, 409,
				`{"error":"The system keeps one of its own lists under this key. Choose another."}`)
		}
	}
	expectJSON(t, handler, "GET", "/listservers", 200,
		`{"servers":[{"url":"http://172.17.0.1:3000","port":3000,"state":"running"}]}`)
}

func TestKey_IsNeededForAPage(t *testing.T) {
	handler := pages(t, open(t))
	for _, path := range []string{"/set", "/set/", "/get", "/get/", "/set/a/b"} {
		expectJSON(t, handler, "GET", path, 404, `{"error":"There is no such page."}`)
	}
}

func TestKey_IsShownEscaped(t *testing.T) {
	handler := pages(t, open(t))
	const key = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22"
	for _, page := range []string{"/set/", "/get/"} {
		got := ask(t, handler, "GET", page+key, asHTML)
		if strings.Contains(got.body, "<script>") || !strings.Contains(got.body, "&lt;script&gt;alert(1)&lt;/script&gt;&#34;") {
			t.Errorf("%s%s: got %s, want the key escaped", page, key, got.body)
		}
	}
}
