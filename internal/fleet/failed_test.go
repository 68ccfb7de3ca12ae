package fleet_test

import (
	"errors"
	"slices"
	"testing"

	"deux/internal/fleet"
)

func TestRequestDestroyOf_QueuesThatServerOnce(t *testing.T) {
	l := open(t)
	l.As("webapp")
	l.Put("servers", url(3000), url(3001), url(3002))
	if err := l.RequestDestroyOf(t.Context(), site.Server(3001)); err != nil {
		t.Fatal(err)
	}
	if err := l.RequestDestroyOf(t.Context(), site.Server(3001)); !errors.Is(err, fleet.ErrAlreadyGoing) {
		t.Errorf("once more: got %v, want ErrAlreadyGoing", err)
	}
	l.Want("deleteServers", url(3001))
	l.Want("servers", url(3000), url(3001), url(3002))
	if got, want := l.happened(), []string{"webapp unwanted web " + url(3001)}; !slices.Equal(got, want) {
		t.Errorf("events: got %q, want %q", got, want)
	}
}

func TestRequestDestroyOf_RefusesWhatCannotGo(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000))
	l.Put("spawningServers", url(3001))
	l.Put("destroyingServers", url(3002))
	for port, want := range map[int]error{3000: fleet.ErrFirstServer, 3001: fleet.ErrNotListed, 3002: fleet.ErrAlreadyGoing, 3003: fleet.ErrNotListed} {
		if err := l.RequestDestroyOf(t.Context(), site.Server(port)); !errors.Is(err, want) {
			t.Errorf("%d: got %v, want %v", port, err, want)
		}
	}
	l.Want("deleteServers")
	l.Want("events")
}

func TestRetry_QueuesAFailedServerOnItsPort(t *testing.T) {
	l := open(t)
	l.As("webapp")
	l.Put("servers", url(3000))
	l.Put("tempServers", url(3003))
	l.Put("failedServers", url(3001), url(3002))
	if err := l.Retry(t.Context(), site.Server(3001), 20); err != nil {
		t.Fatal(err)
	}
	l.Want("tempServers", url(3001), url(3003))
	l.Want("failedServers", url(3002))
	if err := l.Retry(t.Context(), site.Server(3001), 20); !errors.Is(err, fleet.ErrNotFailed) {
		t.Errorf("once more: got %v, want ErrNotFailed", err)
	}
	events, err := l.events(10)
	if err != nil || len(events) != 1 || events[0].What != fleet.Wanted || events[0].Why != "retried after it failed" {
		t.Errorf("events: got %+v, %v, want one that says that it failed before", events, err)
	}
}

func TestRetry_LeavesTheFirstServerToCompose(t *testing.T) {
	l := open(t)
	l.Put("failedServers", url(3000))
	if err := l.Retry(t.Context(), site.Server(3000), 20); !errors.Is(err, fleet.ErrFirstServer) {
		t.Errorf("got %v, want ErrFirstServer", err)
	}
}

func TestRetry_HasNoMoreServersThanMayBe(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000), url(3001))
	l.Put("failedServers", url(3002))
	if err := l.Retry(t.Context(), site.Server(3002), 2); !errors.Is(err, fleet.ErrFull) {
		t.Errorf("third of 2 servers: got %v, want ErrFull", err)
	}
	l.Want("failedServers", url(3002))
	if err := l.Retry(t.Context(), site.Server(3002), 3); err != nil {
		t.Errorf("third of 3 servers: got %v", err)
	}
}

func TestRetry_QueuesNothingThatIsUnderWayAlready(t *testing.T) {
	for _, key := range []string{"tempServers", "spawningServers", "servers"} {
		l := open(t)
		l.Put(key, url(3001))
		l.Put("failedServers", url(3001))
		if err := l.Retry(t.Context(), site.Server(3001), 20); err != nil {
			t.Errorf("of %s: %v", key, err)
		}
		l.Want(key, url(3001))
		l.Want("failedServers")
		l.Want("events")
	}
}

func TestForgetFailed_TakesAnythingOff(t *testing.T) {
	l := open(t)
	l.As("webapp")
	elements := append([]string{url(3001)}, garbage...)
	for _, element := range elements {
		l.Put("failedServers", element)
	}
	l.Put("servers", url(3000), url(3001))
	for _, element := range elements {
		if err := l.ForgetFailed(t.Context(), element); err != nil {
			t.Errorf("%.60q: %v", element, err)
		}
	}
	l.Want("failedServers")
	l.Want("servers", url(3000), url(3001))
	if err := l.ForgetFailed(t.Context(), url(3001)); !errors.Is(err, fleet.ErrNotFailed) {
		t.Errorf("once more: got %v, want ErrNotFailed", err)
	}
	if got := l.happened(); len(got) != len(elements) || got[0] != "webapp forgotten web "+url(3001) {
		t.Errorf("events: got %d, the first %q, want one for each of %d", len(got), got[0], len(elements))
	}
}
