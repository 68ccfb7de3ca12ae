package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"net/http"

	"deux/internal/fleet"
	"deux/internal/http1"
)

// verdict returns what a client is told about an error: a status and a sentence.
func (c *client) verdict(err error) (status int, sentence string) {
	wrong, isWrong := errors.AsType[*http1.Error](err)
	switch {
	case errors.Is(err, errBadAnswer):
		return 502, "The server's answer is malformed."
	case isWrong:
		return wrong.Status, wrong.Why + "."
	case errors.Is(err, errClientSilent):
		return 408, "The rest of the request did not come."
	case errors.Is(err, errRedisAway):
		return 503, "Redis does not answer, and no server was known before: make status says more."
	case errors.Is(err, fleet.ErrNoServers) && c.config.Service == "proxy":
		return 503, "No server is listed: the first one is starting, or make status says more."
	case errors.Is(err, fleet.ErrNoServers):
		return 503, fmt.Sprintf("Nothing deployed yet: git push %s main", c.config.Service)
	case errors.Is(err, errAllBusy):
		return 503, "Every server has as many requests as it may: try again in a moment."
	case errors.Is(err, errNoAnswer):
		return 504, "The server did not answer in time."
	case errors.Is(err, errHung):
		return 504, "The server does not answer any more."
	case errors.Is(err, errCutShort):
		return 502, "The server's answer ended early."
	}
	return 502, "No server could be reached, or the one that had the request broke off."
}

// refuse answers a request that no server answered.
func (c *client) refuse(err error) {
	status, sentence := c.verdict(err)
	c.at.status, c.at.err, c.at.headSent = status, err, true
	body, kind := sentence+"\n", "text/plain; charset=utf-8"
	if c.wantsPage() {
		body = fmt.Sprintf(refusalPage, status, http.StatusText(status), html.EscapeString(sentence))
		kind = "text/html; charset=utf-8"
	}
	c.out = c.appendRefusal(c.out[:0], status, kind, len(body))
	if string(c.request.Method) != "HEAD" {
		c.out = append(c.out, body...)
	}
	if c.write(c.out) != nil {
		c.at.mustClose = true
	}
}

// lastServer returns the URL of the server that was tried last, or "".
func (e *exchange) lastServer() string {
	if len(e.tried) == 0 {
		return ""
	}
	return e.tried[len(e.tried)-1].URL
}

// wantsPage reports whether a person reads the answer in a browser.
func (c *client) wantsPage() bool {
	for i := range c.request.Fields {
		if c.request.Fields[i].Role == http1.Accept && bytes.Contains(c.request.Fields[i].Value, []byte("text/html")) {
			return true
		}
	}
	return false
}

const refusalPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>%[1]d %[2]s</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1.5rem;color:#222;background:#fff}
h1{font-size:1.3rem}small{color:#666}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}small{color:#999}}</style>
<h1>%[2]s</h1>
<p>%[3]s</p>
<p><small>%[1]d · deux</small></p>
</html>
`

// appendRefusal appends the head of the proxy's own answer.
func (c *client) appendRefusal(to []byte, status int, kind string, length int) []byte {
	to = fmt.Appendf(to, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n",
		status, http.StatusText(status), kind, length)
	switch status {
	case 405:
		to = append(to, "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"...)
	case 503:
		to = append(to, "Retry-After: 2\r\n"...)
	}
	if server := c.at.lastServer(); server != "" {
		to = fmt.Appendf(to, "%s: %s\r\n", ServedBy, server)
	}
	return append(c.appendPersistence(appendDate(to)), "\r\n"...)
}
