package fleet_test

import (
	"testing"
	"time"
)

func TestJoin_EndsTheSpawningAndListsAServerOnce(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000))
	l.Put("spawningServers", url(3001), url(3001))
	l.Put("failedServers", url(3001))
	for range 2 {
		if err := l.Join(t.Context(), site.Server(3001), 0); err != nil {
			t.Fatalf("Join: %v", err)
		}
	}
	l.Want("servers", url(3000), url(3001))
	l.Want("spawningServers")
	l.Want("failedServers")
}

func TestFail_KeepsTheServerWhereAPersonFindsIt(t *testing.T) {
	l := open(t)
	l.Put("spawningServers", url(3001))
	for range 2 {
		if err := l.Fail(t.Context(), site.Server(3001), nil); err != nil {
			t.Fatalf("Fail: %v", err)
		}
	}
	l.Want("spawningServers")
	l.Want("failedServers", url(3001))
}

func TestDestruction_UnlistsBeforeItDrainsAndEndsInNoList(t *testing.T) {
	l := open(t)
	ctx, server := t.Context(), site.Server(3001)
	l.Put("servers", url(3000), url(3001))
	l.Put("destroyingServers", url(3001))
	if err := l.BeginDrain(ctx, server); err != nil {
		t.Fatalf("BeginDrain: %v", err)
	}
	l.Want("servers", url(3000))
	l.Want("drainServers", url(3001))
	if draining, err := l.IsDraining(ctx, server); err != nil || !draining {
		t.Errorf("IsDraining: got %v, %v, want true", draining, err)
	}
	rotation, _ := l.Rotation("proxy")
	if err := rotation.Drained(ctx, server); err != nil {
		t.Fatalf("Drained: %v", err)
	}
	if draining, err := l.IsDraining(ctx, server); err != nil || draining {
		t.Errorf("IsDraining after Drained: got %v, %v, want false", draining, err)
	}
	if err := l.Forget(ctx, server, 0); err != nil {
		t.Fatalf("Forget: %v", err)
	}
	l.Want("destroyingServers")
	if snapshot, _ := l.Lists(ctx); snapshot.Knows(server) {
		t.Errorf("some list still knows %s", server.URL)
	}
}

func TestRespawn_MovesOnlyWhatIsListed(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000), url(3001))
	for _, want := range []bool{true, false} {
		got, err := l.Respawn(t.Context(), site.Server(3001), nil)
		if err != nil || got != want {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	l.Want("servers", url(3000))
	l.Want("spawningServers", url(3001))
}

func TestRespawn_LeavesWhatIsToBeDestroyedAlone(t *testing.T) {
	for _, going := range []string{"deleteServers", "destroyingServers"} {
		l := open(t)
		l.Put("servers", url(3000), url(3001))
		l.Put(going, url(3001))
		if moved, err := l.Respawn(t.Context(), site.Server(3001), nil); err != nil || moved {
			t.Errorf("in %s: got %v, %v, want false", going, moved, err)
		}
		l.Want("servers", url(3000), url(3001))
		l.Want("spawningServers")
	}
}

func TestRenew_DrainsWhatServesAndJoinEndsIt(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000), url(3001), url(3002), url(3003))
	l.Put("deleteServers", url(3002))
	l.Put("destroyingServers", url(3003))
	for port, want := range map[int]bool{3001: true, 3002: false, 3003: false, 3004: false} {
		if got, err := l.Renew(t.Context(), site.Server(port)); err != nil || got != want {
			t.Errorf("Renew %d: got %v, %v, want %v", port, got, err, want)
		}
	}
	l.Want("servers", url(3000), url(3002), url(3003))
	l.Want("spawningServers", url(3001))
	l.Want("drainServers", url(3001))
	if err := l.Join(t.Context(), site.Server(3001), 0); err != nil {
		t.Fatal(err)
	}
	l.Want("servers", url(3000), url(3002), url(3003), url(3001))
	l.Want("spawningServers")
	l.Want("drainServers")
}

func TestRenew_WaitsForTheFirstServer(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3001))
	if got, err := l.Renew(t.Context(), site.Server(3001)); err != nil || got {
		t.Errorf("got %v, %v, want false while the first server is not listed", got, err)
	}
	l.Want("servers", url(3001))
}

func TestStepAside_DrainsOnlyWhatIsListedBesideAnotherThatStays(t *testing.T) {
	l := open(t)
	l.Put("servers", url(3000))
	stepAside := func(port int, want bool) {
		t.Helper()
		if got, err := l.StepAside(t.Context(), site.Server(port)); err != nil || got != want {
			t.Errorf("StepAside %d: got %v, %v, want %v", port, got, err, want)
		}
	}
	stepAside(3000, false)
	l.Want("servers", url(3000))
	l.Want("drainServers")
	l.Put("servers", url(3001))
	stepAside(3002, false)
	l.Put("deleteServers", url(3001))
	stepAside(3000, false)
	l.Put("servers", url(3002))
	stepAside(3000, true)
	stepAside(3000, false)
	l.Want("servers", url(3001), url(3002))
	l.Want("drainServers", url(3000))
}

func TestReclaim_SpawnsOnlyWhatNoListKnows(t *testing.T) {
	l := open(t)
	for _, want := range []bool{true, false} {
		if got, err := l.Reclaim(t.Context(), site.Server(3001), nil); err != nil || got != want {
			t.Errorf("Reclaim: got %v, %v, want %v", got, err, want)
		}
	}
	l.Want("spawningServers", url(3001))
	l.Want("servers")
}

func TestAdopt_ListsOnlyWhatNoListKnows(t *testing.T) {
	l := open(t)
	for _, want := range []bool{true, false} {
		if got, err := l.Adopt(t.Context(), site.FirstServer()); err != nil || got != want {
			t.Errorf("Adopt first: got %v, %v, want %v", got, err, want)
		}
	}
	l.Want("servers", url(3000))
	l.Put("destroyingServers", url(3001))
	if got, err := l.Adopt(t.Context(), site.Server(3001)); err != nil || got {
		t.Errorf("Adopt of one being destroyed: got %v, %v, want false", got, err)
	}
}

func TestSetAside_MovesGarbageOfEachListToFailedServers(t *testing.T) {
	l := open(t)
	keys := []string{"servers", "tempServers", "spawningServers", "deleteServers", "destroyingServers", "drainServers"}
	for i, key := range keys {
		l.Put(key, url(3001+i), "rubbish")
	}
	snapshot, err := l.Lists(t.Context())
	if err != nil || len(snapshot.Invalid()) != len(keys) {
		t.Fatalf("Invalid: got %v, %v, want %d elements", snapshot.Invalid(), err, len(keys))
	}
	for _, bad := range snapshot.Invalid() {
		if err := l.SetAside(t.Context(), bad); err != nil {
			t.Fatalf("SetAside(%v): %v", bad, err)
		}
	}
	for i, key := range keys {
		l.Want(key, url(3001+i))
	}
	l.Want("failedServers", "rubbish")
}

func TestSetAside_TakesGarbageFromWhereAClaimMovedIt(t *testing.T) {
	l := open(t)
	l.Put("deleteServers", "rubbish")
	snapshot, err := l.Lists(t.Context())
	if err != nil || len(snapshot.Invalid()) != 1 {
		t.Fatalf("Invalid: got %v, %v, want the one element", snapshot.Invalid(), err)
	}
	if _, err := l.ClaimDestroy(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if err := l.SetAside(t.Context(), snapshot.Invalid()[0]); err != nil {
		t.Fatal(err)
	}
	l.Want("destroyingServers")
	l.Want("failedServers", "rubbish")
}

func TestSetAside_LeavesWhatAPersonHasForgotten(t *testing.T) {
	l := open(t)
	l.Put("servers", "rubbish")
	l.Put("spawningServers", "rubbish")
	snapshot, err := l.Lists(t.Context())
	if err != nil || len(snapshot.Invalid()) != 2 {
		t.Fatalf("Invalid: got %v, %v, want the element twice", snapshot.Invalid(), err)
	}
	for i, bad := range snapshot.Invalid() {
		if err := l.SetAside(t.Context(), bad); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			continue
		}
		if err := l.ForgetFailed(t.Context(), "rubbish"); err != nil {
			t.Fatal(err)
		}
	}
	l.Want("servers")
	l.Want("spawningServers")
	l.Want("failedServers")
}

func TestForget_RepeatedTakesNoWishThatCameSince(t *testing.T) {
	for _, key := range []string{"tempServers", "spawningServers", "servers", "drainServers"} {
		l := open(t)
		l.Put("servers", url(3000))
		l.Put("destroyingServers", url(3001))
		if err := l.Forget(t.Context(), site.Server(3001), 0); err != nil {
			t.Fatal(err)
		}
		l.Put(key, url(3001))
		if err := l.Forget(t.Context(), site.Server(3001), 0); err != nil { // the answer was lost
			t.Fatal(err)
		}
		if snapshot, _ := l.Lists(t.Context()); !snapshot.Knows(site.Server(3001)) {
			t.Errorf("%s no longer has 3001, want it to stay", key)
		}
		if got := l.happened(); len(got) != 1 {
			t.Errorf("events: got %q, want that it was gone once", got)
		}
	}
}

func TestForget_EndsOlderWishesForTheServer(t *testing.T) {
	l := open(t)
	for _, key := range []string{"servers", "tempServers", "spawningServers", "drainServers", "destroyingServers"} {
		l.Put(key, url(3001))
	}
	if err := l.Forget(t.Context(), site.Server(3001), 0); err != nil {
		t.Fatal(err)
	}
	if snapshot, _ := l.Lists(t.Context()); snapshot.Knows(site.Server(3001)) {
		t.Error("some list still has 3001")
	}
}
