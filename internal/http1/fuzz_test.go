package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

var requestSeeds = []string{
	"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	"PUT /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nokGET / HTTP/1.1\r\n",
	"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n2;x=y\r\nok\r\n0\r\nA: b\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close, X\r\nX: y\r\n\r\n",
	"GET http://a:1/b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
}

// FuzzRequest holds that a request is read the same however its bytes come, and
// that net/http, where it takes the request too, sees the same message: the same
// method, host and body, and the same next request.
func FuzzRequest(f *testing.F) {
	for _, seed := range requestSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := readRequest(bytes.NewReader(raw))
		slowly, slowErr := readRequest(iotest.OneByteReader(bytes.NewReader(raw)))
		if (err == nil) != (slowErr == nil) || got != slowly {
			t.Fatalf("%q: at once %+v, %v, byte by byte %+v, %v", raw, got, err, slowly, slowErr)
		}
		if err != nil {
			return
		}
		reader := bufio.NewReader(bytes.NewReader(raw))
		want, err := http.ReadRequest(reader)
		if err != nil {
			return // net/http parses the target, which we pass on unseen
		}
		body, err := io.ReadAll(want.Body)
		if err != nil {
			t.Fatalf("%q: read a body of %q, net/http: %v", raw, got.body, err)
		}
		rest, _ := io.ReadAll(reader)
		if method, _, _ := strings.Cut(got.head, " "); method != want.Method || got.body != string(body) || got.rest != string(rest) {
			t.Fatalf("%q: got %+v, net/http %s %q and then %q", raw, got, want.Method, body, rest)
		}
		if host := got.head[strings.LastIndexByte(got.head, ' ')+1:]; host != want.Host {
			t.Fatalf("%q: got host %q, net/http %q", raw, host, want.Host)
		}
	})
}

// FuzzAnswer holds the same of answers.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1",
		"HTTP/1.0 404 Not Found\r\nA: b\r\n\r\nall of it",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := readAnswer(bytes.NewReader(raw), "GET")
		slowly, slowErr := readAnswer(iotest.OneByteReader(bytes.NewReader(raw)), "GET")
		if (err == nil) != (slowErr == nil) || got != slowly {
			t.Fatalf("%q: at once %+v, %v, byte by byte %+v, %v", raw, got, err, slowly, slowErr)
		}
		if err != nil {
			return
		}
		reader := bufio.NewReader(bytes.NewReader(raw))
		want, err := http.ReadResponse(reader, nil)
		if err != nil {
			return
		}
		body, err := io.ReadAll(want.Body)
		rest, _ := io.ReadAll(reader)
		if err != nil || got.body != string(body) || got.rest != string(rest) {
			t.Fatalf("%q: got %+v, net/http %q, %v and then %q", raw, got, body, err, rest)
		}
	})
}
