package webapp

import (
	"encoding/base64"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// patience is for what happens within milliseconds, but on a host that stalls.
const patience = 20 * time.Second

// beginUpload sends a picture whose body goes on until the pipe is closed.
func beginUpload(t *testing.T, handler http.Handler) (rest *io.PipeWriter, answers <-chan answer) {
	t.Helper()
	body, contentType := form(t, "image", png)
	reader, writer := io.Pipe()
	request := httptest.NewRequest("POST", "/upload", io.MultiReader(strings.NewReader(body[:len(body)-10]), reader, strings.NewReader(body[len(body)-10:])))
	request.Header.Set("Content-Type", contentType)
	answered := make(chan answer, 1)
	go func() { answered <- send(t, handler, request) }()
	return writer, answered
}

func TestSlots_KeepAFourthPictureWaitingAndThenRefuseIt(t *testing.T) {
	for what, request := range map[string]func() *http.Request{
		"GET /meow":    func() *http.Request { return as("GET", "/meow", "Accept", asJSON) },
		"POST /upload": func() *http.Request { return as("POST", "/upload", "Accept", asJSON) },
	} {
		synctest.Test(t, func(t *testing.T) {
			app, err := New(testConfig, &memory{pictures: []string{encodedPNG}}, slog.New(slog.DiscardHandler))
			must(t, err)
			handler := app.routes()
			var bodies []*io.PipeWriter
			var answers []<-chan answer
			for range maxPictures {
				body, answered := beginUpload(t, handler)
				bodies, answers = append(bodies, body), append(answers, answered)
			}
			synctest.Wait()
			start := time.Now()
			got := send(t, handler, request())
			const want = `{"error":"3 pictures are on their way through this server: the limit is reached. Try again in a moment."}`
			if took := time.Since(start); got.status != 503 || got.body != want || got.header.Get("Retry-After") != "5" || took != storeTimeout {
				t.Errorf("%s: got %v after %v, Retry-After %q, want 503 %s after %v, and 5", what, got, took, got.header.Get("Retry-After"), want, storeTimeout)
			}
			waits := make(chan answer, 1)
			go func() { waits <- send(t, handler, request()) }()
			time.Sleep(storeTimeout / 2)
			bodies[0].Close()
			synctest.Wait()
			if len(waits) != 1 || (<-waits).status == 503 {
				t.Errorf("%s when there is room again: got no answer of its own, want one at once", what)
			}
			for i, body := range bodies {
				body.Close()
				if got := <-answers[i]; got.status != 201 {
					t.Errorf("one that was under way: got %v, want 201", got)
				}
			}
		})
	}
}

// hurried returns a server that gives a picture little time, and its app.
func hurried(t *testing.T, store store) (*App, *httptest.Server) {
	t.Helper()
	app := newApp(t, store, slog.New(slog.DiscardHandler))
	app.pictureTimeout = 50 * time.Millisecond
	server := httptest.NewServer(app.routes())
	t.Cleanup(server.Close)
	return app, server
}

// connect sends the beginning of a request and returns its connection.
func connect(t *testing.T, server *httptest.Server, text string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	must(t, err)
	t.Cleanup(func() { connection.Close() })
	must(t, connection.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(connection, text)
	must(t, err)
	return connection
}

func TestSlots_AreNotHeldByASlowUpload(t *testing.T) {
	app, server := hurried(t, new(memory))
	body, contentType := form(t, "image", png)
	connection := connect(t, server, "POST /upload HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nContent-Type: "+contentType+
		"\r\nContent-Length: 2000\r\n\r\n"+body[:len(body)-10])
	got, err := io.ReadAll(connection)
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 408 ") || !strings.Contains(string(got), "<h1>Picture too slow</h1>") {
		t.Errorf("got %.100q, %v, want 408", got, err)
	}
	wantFree(t, app)
}

func TestSlots_AreNotHeldByAClientThatDoesNotRead(t *testing.T) {
	picture := base64.StdEncoding.EncodeToString([]byte(png + strings.Repeat("x", 10<<20-len(png))))
	app, server := hurried(t, &memory{pictures: []string{picture}})
	connection := connect(t, server, "GET /meow HTTP/1.1\r\nHost: localhost\r\n\r\n")
	_, err := connection.Read(make([]byte, 1))
	must(t, err)
	wantFree(t, app)
}

// wantFree waits until no picture is on its way.
func wantFree(t *testing.T, app *App) {
	t.Helper()
	for range maxPictures {
		select {
		case app.slots <- struct{}{}:
		case <-time.After(patience):
			t.Fatalf("%d pictures are still on their way, want none", len(app.slots))
		}
	}
}
