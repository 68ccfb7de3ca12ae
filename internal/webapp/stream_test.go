package webapp

import (
	"bufio"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestEvents_AreAServerSentStreamThatIsNoVisit(t *testing.T) {
	f := open(t)
	list(t, f, 3000)
	app := newApp(t, f, slog.New(slog.DiscardHandler))
	server := httptest.NewServer(app.routes())
	defer server.Close()
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/events", nil)
	request.Host = "example.com"
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer response.Body.Close()
	if kind := response.Header.Get("Content-Type"); response.StatusCode != 200 || kind != "text/event-stream" {
		t.Fatalf("got %s %s, want 200 text/event-stream", response.Status, kind)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for _, want := range []string{"retry: 250", "", "id: ", `data: {"all":true,"put":[{"id":"verdict"`, ""} {
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), want) {
			t.Fatalf("got %.100q, want %q", lines.Text(), want)
		}
	}
	app.live.close()
	if lines.Scan() {
		t.Errorf("after the end: got %.100q, want no more", lines.Text())
	}
	if recent, err := f.Recent(t.Context()); err != nil || len(recent) != 0 {
		t.Errorf("recent: got %q, %v, want none", recent, err)
	}
}

func TestEvents_BeatWithTheServersTimeWhileNothingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := newApp(t, &counting{}, slog.New(slog.DiscardHandler))
		ctx, leave := context.WithTimeout(t.Context(), 2*beatInterval+time.Second)
		defer leave()
		recorder := httptest.NewRecorder()
		begun := time.Now().UTC()
		app.routes().ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, http.MethodGet, "/events", nil))
		for n := range 2 {
			at := begun.Add(time.Duration(n+1) * beatInterval).Format(idFormat)
			if want := "id: " + at + "\nevent: beat\ndata: still here\n\n"; !strings.Contains(recorder.Body.String(), want) {
				t.Errorf("got %.200q, want %q in it", recorder.Body, want)
			}
		}
		time.Sleep(2 * drainPatience) // nobody looks any more
	})
}

// lodge is a store that is looked at by people with a session.
type lodge struct {
	counting
	hasEnded, isSilent atomic.Bool
}

func (l *lodge) SessionEnded(ctx context.Context, _ string) (bool, error) {
	if l.isSilent.Load() {
		<-ctx.Done()
		return false, ctx.Err()
	}
	return l.hasEnded.Load(), nil
}

// privateStream opens a stream of a private system with a session. What was sent
// arrives when it has ended.
func privateStream(t *testing.T, store *lodge) (ended <-chan string, stop context.CancelFunc) {
	t.Helper()
	config := testConfig
	config.Password, config.Private = sesame, true
	app, err := New(config, store, slog.New(slog.DiscardHandler))
	must(t, err)
	session := httptest.NewRecorder()
	must(t, app.sessions.Begin(session, false))
	ctx, stop := context.WithCancel(t.Context())
	request := inBrowser("GET", "/events").WithContext(ctx)
	request.AddCookie(session.Result().Cookies()[0])
	sent := make(chan string, 1)
	go func() {
		recorder := httptest.NewRecorder()
		app.routes().ServeHTTP(recorder, request)
		sent <- recorder.Body.String()
	}()
	synctest.Wait()
	return sent, stop
}

func TestEvents_EndSoonAfterTheSessionOfTheirViewer(t *testing.T) {
	for what, end := range map[string]func(*lodge){
		"a logout":        func(store *lodge) { store.hasEnded.Store(true) },
		"SESSION_TIMEOUT": func(*lodge) { time.Sleep(testConfig.SessionTimeout + 2*time.Second) },
	} {
		synctest.Test(t, func(t *testing.T) {
			store := new(lodge)
			sent, stop := privateStream(t, store)
			defer time.Sleep(2 * drainPatience)
			defer stop()
			time.Sleep(10 * beatInterval)
			if len(sent) != 0 {
				t.Fatalf("before %s: the stream ended with %.200s", what, <-sent)
			}
			end(store)
			time.Sleep(beatInterval + time.Second)
			if len(sent) != 1 {
				t.Errorf("after %s: the stream goes on, want its end", what)
			}
		})
	}
}

func TestEvents_GoOnWhenNobodyKnowsWhetherTheSessionHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(lodge)
		sent, stop := privateStream(t, store)
		store.isSilent.Store(true)
		time.Sleep(10 * beatInterval)
		if len(sent) != 0 {
			t.Fatalf("without Redis: the stream ended with %.200s", <-sent)
		}
		stop()
		if got := strings.Count(<-sent, "event: beat\n"); got < 8 {
			t.Errorf("without Redis: got %d signs of life, want one every %v", got, beatInterval)
		}
		time.Sleep(2 * drainPatience)
	})
}
