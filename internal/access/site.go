package access

import (
	"net/http"
	"net/url"
	"strings"
)

// Verdict is what may be done about a request that would change something.
type Verdict int

const (
	// Refuse means that another site's page is behind the request, and there
	// is no person to ask.
	Refuse Verdict = iota
	// Ask means that a person may be behind it who followed a link from another
	// site, or who typed the URL in a browser that does not say so: show a page
	// that asks, and change nothing.
	Ask
	// Act means that the request is from a page of this system, from a
	// browser's address bar, or from a program that is not a browser.
	Act
)

// crossOrigin refuses unsafe methods that do not come from this origin.
var crossOrigin = http.NewCrossOriginProtection()

// Judge decides whose wish a request is, by Fetch Metadata (W3C), Origin (RFC
// 6454) and Referer, none of which a page's script can forge.
func Judge(request *http.Request) Verdict {
	switch {
	case crossOrigin.Check(request) == nil && isOwn(request):
		return Act
	case request.Method == http.MethodGet && isNavigation(request):
		return Ask
	default:
		return Refuse
	}
}

// isOwn reports whether a request is certainly not from another site's page.
//
// A browser says so in Sec-Fetch-Site, but only to a URL that it trusts: https,
// or HTTP to its own machine. To http://VM:3456 it sends Origin with a POST and
// Referer with a link. Without either, the address bar cannot be told from a
// frame, a redirect or a window of another site's page that withholds its
// Referer. So a browser has to prove where it is: a page of this system sends
// its Referer (Referrer-Policy: same-origin). A client that is not a browser,
// such as curl, has no other site's pages open and need not prove anything.
func isOwn(request *http.Request) bool {
	switch request.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none": // none: the address bar, a bookmark
		return true
	case "":
	default: // also same-site, which is another port of this machine
		return false
	}
	for _, name := range []string{"Origin", "Referer"} {
		if source := request.Header.Get(name); source != "" {
			return isOf(source, request.Host)
		}
	}
	return !IsBrowser(request)
}

// isOf reports whether the URL source belongs to host, a HOST:PORT. Browsers
// write both in lower case.
func isOf(source, host string) bool {
	parsed, err := url.Parse(source)
	return err == nil && parsed.Host != "" && parsed.Host == host
}

// isNavigation reports whether a person asked for a page in a window of its own,
// as far as the browser says so. The page does the rest: no frame may show it.
func isNavigation(request *http.Request) bool {
	header := request.Header
	if header.Get("Sec-Fetch-Site") != "" {
		return header.Get("Sec-Fetch-Mode") == "navigate" && header.Get("Sec-Fetch-Dest") == "document" &&
			header.Get("Sec-Fetch-User") == "?1"
	}
	return IsBrowser(request) && strings.Contains(header.Get("Accept"), "text/html")
}

// IsBrowser reports whether a request is from a browser: all of them call
// themselves Mozilla, and no other site's script can make them say something
// else without asking first (Fetch Standard, "CORS-safelisted request-header").
func IsBrowser(request *http.Request) bool {
	return strings.HasPrefix(request.UserAgent(), "Mozilla/") || request.Header.Get("Sec-Fetch-Site") != ""
}
