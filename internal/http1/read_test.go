package http1

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

var limits = Limits{Head: 4096, Target: 1024, Fields: 20}

// message is a request or an answer as a test compares it.
type message struct {
	head     string // the parts that matter, in words
	body     string
	trailers string
	rest     string // what is left for the next message
}

// readRequest reads one request, and what is behind it.
func readRequest(source io.Reader) (message, error) {
	var reader Reader
	reader.Reset(source)
	head, err := reader.Head(limits, true)
	if err != nil {
		return message{}, err
	}
	var request Request
	if err := request.Parse(head, limits); err != nil {
		return message{}, err
	}
	m := message{head: string(request.Method) + " " + string(request.Target) + " " + string(request.Host)}
	return m, readBody(&m, &reader, request.Body)
}

// readAnswer reads the final answer to a request with method.
func readAnswer(source io.Reader, method string) (message, error) {
	var reader Reader
	reader.Reset(source)
	head, err := reader.Head(limits, false)
	if err != nil {
		return message{}, err
	}
	var answer Response
	if err := answer.Parse(head, []byte(method), limits); err != nil {
		return message{}, err
	}
	m := message{head: string(answer.Line)}
	return m, readBody(&m, &reader, answer.Body)
}

func readBody(m *message, reader *Reader, framing Framing) error {
	var body Body
	body.Begin(reader, framing)
	text, err := io.ReadAll(&body)
	if err != nil {
		return err
	}
	m.body = string(text)
	for _, field := range body.Trailers {
		m.trailers += string(field.Name) + "=" + string(field.Value) + ";"
	}
	rest, err := io.ReadAll(io.MultiReader(bytes.NewReader(reader.Take(reader.Buffered())), reader.source))
	m.rest = string(rest)
	return err
}

func TestRequest_IsReadTheSameHoweverItComes(t *testing.T) {
	for name, test := range map[string]struct {
		bytes string
		want  message
	}{
		"no body":         {"GET /a%2Fb?c|d HTTP/1.1\r\nHost: x:80\r\n\r\nGET", message{head: "GET /a%2Fb?c|d x:80", rest: "GET"}},
		"empty line":      {"\r\nGET / HTTP/1.1\r\nHost:\r\n\r\n", message{head: "GET / "}},
		"absolute":        {"GET HTTP://a/b HTTP/1.1\r\nHost: x\r\n\r\n", message{head: "GET /b a"}},
		"absolute, query": {"GET http://a?b HTTP/1.1\r\nHost: x\r\n\r\n", message{head: "GET /?b a"}},
		"all of a server": {"OPTIONS http://a HTTP/1.1\r\nHost: x\r\n\r\n", message{head: "OPTIONS * a"}},
		"old":             {"GET / HTTP/1.0\r\n\r\n", message{head: "GET / "}},
		"length":          {"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloPUT", message{head: "PUT / x", body: "hello", rest: "PUT"}},
		"chunks": {"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n1 ; c\r\n!\r\n000\r\nA: b\r\n\r\nPUT",
			message{head: "PUT / x", body: "hello!", trailers: "A=b;", rest: "PUT"}},
	} {
		for way, reader := range map[string]io.Reader{
			"at once":      strings.NewReader(test.bytes),
			"byte by byte": iotest.OneByteReader(strings.NewReader(test.bytes)),
		} {
			if got, err := readRequest(reader); err != nil || got != test.want {
				t.Errorf("%s, %s: got %+v, %v, want %+v", name, way, got, err, test.want)
			}
		}
	}
}

func TestRequest_IsRefusedForWhatIsWrong(t *testing.T) {
	const host = "Host: x\r\n"
	for name, test := range map[string]struct {
		bytes string
		want  error
	}{
		"LF alone":            {"GET / HTTP/1.1\nHost: x\n\n", errBareLF},
		"not HTTP":            {"\x16\x03\x01", errNotHTTP},
		"HTTP/0.9":            {"GET /\r\n\r\n", errRequestLine},
		"HTTP/2":              {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", errVersion},
		"two spaces":          {"GET  / HTTP/1.1\r\n" + host + "\r\n", errRequestLine},
		"a mail address":      {"GET mailto:x HTTP/1.1\r\n" + host + "\r\n", errTarget},
		"a fragment":          {"GET /a#b HTTP/1.1\r\n" + host + "\r\n", errTarget},
		"all but not OPTIONS": {"GET * HTTP/1.1\r\n" + host + "\r\n", errTarget},
		"CONNECT":             {"CONNECT x:80 HTTP/1.1\r\n" + host + "\r\n", errMethod},
		"long target":         {"GET /" + strings.Repeat("a", 1024) + " HTTP/1.1\r\n" + host + "\r\n", errLongTarget},
		"endless target":      {"GET /" + strings.Repeat("a", 9999), errLongTarget},
		"long head":           {"GET / HTTP/1.1\r\n" + strings.Repeat("A: "+strings.Repeat("b", 500)+"\r\n", 15), errLongHead},
		"many fields":         {"GET / HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", 21) + "\r\n", errManyFields},
		"no host":             {"GET / HTTP/1.1\r\n\r\n", errNoHost},
		"two hosts":           {"GET / HTTP/1.1\r\n" + host + host + "\r\n", errHosts},
		"a user in the host":  {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", errHost},
		"a port too high":     {"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", errHost},
		"space before colon":  {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", errSpaceInName},
		"folded":              {"GET / HTTP/1.1\r\n" + host + "A: b\r\n c\r\n\r\n", errFolded},
		"CR in a value":       {"GET / HTTP/1.1\r\n" + host + "A: b\rc\r\n\r\n", errValue},
		"two lengths":         {"PUT / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", errLengths},
		"a signed length":     {"PUT / HTTP/1.1\r\n" + host + "Content-Length: +1\r\n\r\na", errLength},
		"both":                {"PUT / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", errBoth},
		"coded in 1.0":        {"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", errOldCoding},
		"gzip, chunked":       {"PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n", errOtherCoding},
		"chunked, gzip":       {"PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, gzip\r\n\r\n", errCoding},
		"expects tea":         {"PUT / HTTP/1.1\r\n" + host + "Expect: tea\r\n\r\n", errExpect},
		"bad chunk":           {"PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0x5\r\n", errChunkLine},
		"chunk without end":   {"PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n1\r\nab", errChunkEnd},
		"cut chunk":           {"PUT / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n5\r\nab", io.ErrUnexpectedEOF},
		"cut body":            {"PUT / HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nab", io.ErrUnexpectedEOF},
		"cut head":            {"GET / HT", io.ErrUnexpectedEOF},
		"nothing":             {"", io.EOF},
	} {
		if _, err := readRequest(strings.NewReader(test.bytes)); err != test.want {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

func TestAnswer_IsReadByTheRulesOfItsFraming(t *testing.T) {
	for name, test := range map[string]struct {
		method, bytes string
		want          message
	}{
		"length":        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP", message{head: "200 OK", body: "ok", rest: "HTTP"}},
		"equal lengths": {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", message{head: "200 OK", body: "ok"}},
		"until close":   {"GET", "HTTP/1.0 200 \r\n\r\nall of it", message{head: "200 ", body: "all of it"}},
		"no reason":     {"GET", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", message{head: "200"}},
		"HEAD":          {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", message{head: "200 OK"}},
		"304":           {"GET", "HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\nHTTP", message{head: "304 No", rest: "HTTP"}},
		"space in name": {"GET", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", message{head: "200 OK", body: "ok"}},
	} {
		if got, err := readAnswer(iotest.OneByteReader(strings.NewReader(test.bytes)), test.method); err != nil || got != test.want {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, test.want)
		}
	}
	for bytes, want := range map[string]error{
		"HTTP/1.1 2000 OK\r\n\r\n": errStatusLine, "HTTP/1.1 OK\r\n\r\n": errStatusLine, "HTTP/2.0 200 OK\r\n\r\n": errStatusLine,
		"HTTP/1.1 600 OK\r\n\r\n": errStatus,
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n":                       errLengths,
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n":              errBoth,
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n":                                   errOldCoding,
		"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n":                                                   errFolded,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n" + "A : b\r\n\r\n": errSpaceInName,
	} {
		if _, err := readAnswer(strings.NewReader(bytes), "GET"); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", bytes, err, want)
		}
	}
}
