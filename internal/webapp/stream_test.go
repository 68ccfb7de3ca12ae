package webapp

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

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
		if got := strings.Count(<-sent, ": still here\n\n"); got < 8 {
			t.Errorf("without Redis: got %d signs of life, want one every %v", got, beatInterval)
		}
		time.Sleep(2 * drainPatience)
	})
}
