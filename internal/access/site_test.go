package access

import (
	"net/http/httptest"
	"testing"
)

const (
	firefox    = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	pageAccept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
)

// fetch is what a browser says of a request to a URL that it trusts.
func fetch(site, mode, destination, user string) map[string]string {
	fields := map[string]string{"User-Agent": firefox, "Accept": pageAccept, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}
	if user != "" {
		fields["Sec-Fetch-User"] = user
	}
	return fields
}

// plainly is what a browser says of a request to http://vm:3456.
func plainly(accept string, more ...string) map[string]string {
	fields := map[string]string{"User-Agent": firefox, "Accept": accept}
	for i := 0; i < len(more); i += 2 {
		fields[more[i]] = more[i+1]
	}
	return fields
}

func TestJudge_TellsWhoseWishARequestIs(t *testing.T) {
	for _, test := range []struct {
		what, method string
		fields       map[string]string
		want         Verdict
	}{
		{"curl", "GET", map[string]string{"User-Agent": "curl/8.5.0", "Accept": "*/*"}, Act},
		{"curl", "POST", map[string]string{"User-Agent": "curl/8.5.0", "Accept": "*/*"}, Act},
		{"a script without a name", "GET", nil, Act},
		{"curl that repeats another site's Origin", "GET", map[string]string{"Origin": "http://evil.example"}, Refuse},

		{"the address bar", "GET", fetch("none", "navigate", "document", "?1"), Act},
		{"a link of this system", "GET", fetch("same-origin", "navigate", "document", "?1"), Act},
		{"a form of this system", "POST", fetch("same-origin", "navigate", "document", "?1"), Act},
		{"a reload of a form", "POST", fetch("none", "navigate", "document", "?1"), Act},

		{"a link of another site", "GET", fetch("cross-site", "navigate", "document", "?1"), Ask},
		{"a link of another port", "GET", fetch("same-site", "navigate", "document", "?1"), Ask},
		{"a window that a script opened", "GET", fetch("cross-site", "navigate", "document", ""), Refuse},
		{"a frame", "GET", fetch("cross-site", "navigate", "iframe", ""), Refuse},
		{"a frame whose link was clicked", "GET", fetch("cross-site", "navigate", "iframe", "?1"), Refuse},
		{"an image", "GET", fetch("cross-site", "no-cors", "image", ""), Refuse},
		{"an image of another port", "GET", fetch("same-site", "no-cors", "image", ""), Refuse},
		{"a script", "GET", fetch("cross-site", "no-cors", "script", ""), Refuse},
		{"fetch", "GET", fetch("cross-site", "cors", "empty", ""), Refuse},
		{"a form of another site", "POST", fetch("cross-site", "navigate", "document", "?1"), Refuse},
		{"a form of another port", "POST", fetch("same-site", "navigate", "document", "?1"), Refuse},

		{"without Fetch Metadata, the address bar or a link that says nothing", "GET", plainly(pageAccept), Ask},
		{"a link of this system", "GET", plainly(pageAccept, "Referer", "http://vm:3456/"), Act},
		{"a link of another site", "GET", plainly(pageAccept, "Referer", "http://evil.example/"), Ask},
		{"a link of another port", "GET", plainly(pageAccept, "Referer", "http://vm:50101/"), Ask},
		{"a link of a site whose name begins alike", "GET", plainly(pageAccept, "Referer", "http://vm:3456.evil.example/"), Ask},
		{"a link of a site with this one in its path", "GET", plainly(pageAccept, "Referer", "http://evil.example/vm:3456"), Ask},
		{"a Referer with a user like this host", "GET", plainly(pageAccept, "Referer", "http://vm:3456@evil.example/"), Ask},
		{"a Referer that is no URL", "GET", plainly(pageAccept, "Referer", "http://[vm"), Ask},
		{"an image", "GET", plainly("image/avif,*/*;q=0.8"), Refuse},
		{"a script", "GET", plainly("*/*", "Referer", "http://evil.example/"), Refuse},
		{"fetch with Origin", "GET", plainly("*/*", "Origin", "http://evil.example"), Refuse},
		{"a form of this system", "POST", plainly(pageAccept, "Origin", "http://vm:3456", "Referer", "http://vm:3456/"), Act},
		{"a form of another site", "POST", plainly(pageAccept, "Origin", "http://evil.example"), Refuse},
		{"a form of another port", "POST", plainly(pageAccept, "Origin", "http://vm:50101"), Refuse},
		{"a form of a sandbox", "POST", plainly(pageAccept, "Origin", "null"), Refuse},
		{"a form that says nothing", "POST", plainly(pageAccept), Refuse},
		{"a form whose Referer and Origin differ", "POST", plainly(pageAccept, "Origin", "null", "Referer", "http://vm:3456/"), Refuse},
	} {
		request := httptest.NewRequest(test.method, "http://vm:3456/spawn", nil)
		for name, value := range test.fields {
			request.Header.Set(name, value)
		}
		if got := Judge(request); got != test.want {
			t.Errorf("%s, %s %v: got %d, want %d", test.what, test.method, test.fields, got, test.want)
		}
	}
}

func TestHosts_AllowAddressesAndTheirOwnNamesOnly(t *testing.T) {
	hosts := NewHosts([]string{"VM", "deux.example.com.", ".example.org"})
	for _, host := range []string{
		"127.0.0.1:3456", "172.17.0.1", "[::1]:3456", "[::1]", "localhost", "LocalHost:3456", "app.localhost", "localhost.",
		"vm", "vm:3456", "deux.example.com", "DEUX.example.com.:80", "a.b.example.org", "example.org", "",
	} {
		if !hosts.Allow(host) {
			t.Errorf("Allow(%q): got false, want true", host)
		}
	}
	for _, host := range []string{
		"evil.example", "vm.evil.example:3456", "notexample.org", "localhost.evil.example", "127.0.0.1.nip.io", "evil", "a b", "127.0.0.1:80:80", "xlocalhost",
	} {
		if hosts.Allow(host) {
			t.Errorf("Allow(%q): got true, want false", host)
		}
	}
	if !NewHosts([]string{"*"}).Allow("evil.example") {
		t.Error(`Allow("evil.example") with *: got false, want true`)
	}
}
