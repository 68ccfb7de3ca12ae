package infrastructure

import (
	"context"
	"errors"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

// meanwhile has a poller not get the answer to its first call of that name, and
// somebody do something before it can ask again.
func meanwhile(call string, do func()) fates {
	return func(made string, nth int, now stage) fate {
		if made != call || nth != 1 || now != after {
			return passes
		}
		do()
		return breaks
	}
}

// settles has a poller with these fates work on the scene until it is what it
// must come to.
func (s *scene) settles(t *testing.T, fates fates, want outcome) {
	t.Helper()
	poller, err := s.live(1, fates)
	if err != nil {
		t.Fatal(err)
	}
	defer poller.kill()
	if err := s.settled(want, poller); err != nil {
		t.Error(err)
	}
	if !poller.wasStruck() {
		t.Error("no answer was lost, want the poller to meet that")
	}
}

func TestPoller_AWishForThePortOfAServerThatHasJustGoneIsKept(t *testing.T) {
	t.Parallel()
	s, err := newScene(redistest.Address(t))
	defer s.end()
	if err := errors.Join(err, s.listed(3001), s.lists.RequestDestroyOf(t.Context(), site.Server(3001))); err != nil {
		t.Fatal(err)
	}
	s.settles(t, meanwhile("redis: script gone "+url(3001), func() {
		if again, err := s.lists.RequestSpawn(context.Background(), 20); err != nil || again.Port != 3001 {
			t.Errorf("/spawn meanwhile: got %v, %v, want 3001 again", again, err)
		}
	}), outcome{servers: []int{3001}})
}

// The lists are lost while Docker removes a server, and its port is allotted again.
func TestPoller_AWishForThePortOfAServerThatIsBeingRemovedIsKept(t *testing.T) {
	t.Parallel()
	s, err := newScene(redistest.Address(t))
	defer s.end()
	var wished bool
	s.docker.remove = func(string) error {
		if wished {
			return nil
		}
		wished = true
		_, err := s.cli.FlushAll(context.Background()).Result()
		_, wish := s.lists.RequestSpawn(context.Background(), 20)
		return errors.Join(err, wish)
	}
	if err := errors.Join(err, s.listed(3001), s.lists.RequestDestroyOf(t.Context(), site.Server(3001))); err != nil {
		t.Fatal(err)
	}
	poller, err := s.live(1, undisturbed)
	if err != nil {
		t.Fatal(err)
	}
	defer poller.kill()
	if err := s.settled(outcome{servers: []int{3001}}, poller); err != nil {
		t.Error(err)
	}
}

func TestPoller_AServerThatAPersonRetriesWhenItHasJustFailedIsSpawnedAgain(t *testing.T) {
	t.Parallel()
	s, err := newScene(redistest.Address(t))
	defer s.end()
	_, wish := s.lists.RequestSpawn(t.Context(), 20)
	if err := errors.Join(err, wish); err != nil {
		t.Fatal(err)
	}
	full := true
	s.docker.spawn = func(int) (err error) {
		s.docker.locked(func() {
			if full {
				err = errors.New("no space left on device")
			}
		})
		return err
	}
	s.settles(t, meanwhile("redis: script given up "+url(3001), func() {
		s.docker.locked(func() { full = false })
		if err := s.lists.Retry(context.Background(), site.Server(3001), 20); err != nil {
			t.Errorf("/retry meanwhile: %v", err)
		}
		// The poller's own claim may wait for it, or not have come to that yet.
		if _, err := s.lists.ClaimSpawn(context.Background(), 100*time.Millisecond); err != nil && !errors.Is(err, fleet.ErrNoWork) {
			t.Errorf("the claim: %v", err)
		}
	}), outcome{servers: []int{3001}})
}
