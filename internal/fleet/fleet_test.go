package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

var site = fleet.Site{Host: "172.17.0.1", First: 3000}

// lists is a fleet on an empty Redis, and redis-cli beside it.
type lists struct {
	*fleet.Fleet
	t   testing.TB
	cli *redis.Client
}

func open(t testing.TB) lists {
	t.Helper()
	address := redistest.Address(t)
	f := fleet.Open(fleet.Redis{Address: address}, site)
	cli := redis.NewClient(&redis.Options{Addr: address})
	t.Cleanup(func() { f.Close(); cli.Close() })
	return lists{f, t, cli}
}

// put fills a list as lrange shows it, first element first.
func (l lists) put(key string, elements ...any) {
	l.t.Helper()
	if err := l.cli.RPush(l.t.Context(), key, elements...).Err(); err != nil {
		l.t.Fatalf("RPUSH %s: %v", key, err)
	}
}

func (l lists) want(key string, want ...string) {
	l.t.Helper()
	got, err := l.cli.LRange(l.t.Context(), key, 0, -1).Result()
	if err != nil || !slices.Equal(got, want) {
		l.t.Errorf("LRANGE %s: got %q, %v, want %q", key, got, err, want)
	}
}

func url(port int) string { return site.Server(port).URL }

func TestRequestSpawn_AllotsThePortAfterTheHighestInAnyList(t *testing.T) {
	for _, key := range []string{"servers", "tempServers", "spawningServers", "failedServers",
		"deleteServers", "destroyingServers", "drainServers"} {
		t.Run(key, func(t *testing.T) {
			l := open(t)
			l.put("servers", url(3000), url(3002))
			l.put(key, url(3007))
			got, err := l.RequestSpawn(t.Context(), 20)
			if want := url(3008); err != nil || got.URL != want {
				t.Errorf("with 3007 in %s: got %v, %v, want %s", key, got, err, want)
			}
		})
	}
}

func TestRequestSpawn_BeforeAnyServerIsListedLeavesTheFirstPortToTheFirstServer(t *testing.T) {
	l := open(t)
	got, err := l.RequestSpawn(t.Context(), 20)
	if err != nil || got.Port != 3001 {
		t.Errorf("got %v, %v, want port 3001", got, err)
	}
	l.want("tempServers", url(3001))
}

func TestRequestSpawn_ManyAtOnceGetAsManyPorts(t *testing.T) {
	l := open(t)
	l.put("servers", url(3000))
	const wishes = 100
	ports := make(chan int, wishes)
	var all sync.WaitGroup
	for range wishes {
		all.Go(func() {
			server, err := l.RequestSpawn(t.Context(), 1000)
			if err != nil {
				t.Errorf("RequestSpawn: %v", err)
			}
			ports <- server.Port
		})
	}
	all.Wait()
	close(ports)
	seen := make(map[int]bool)
	for port := range ports {
		seen[port] = true
	}
	if len(seen) != wishes {
		t.Errorf("got %d different ports, want %d", len(seen), wishes)
	}
	if n := l.cli.LLen(t.Context(), "tempServers").Val(); n != wishes {
		t.Errorf("got %d wishes queued, want %d", n, wishes)
	}
}

func TestRequestSpawn_RefusesMoreServersThanMayBe(t *testing.T) {
	for name, fill := range map[string]func(lists){
		"running":    func(l lists) { l.put("servers", url(3000), url(3001), url(3002)) },
		"queued":     func(l lists) { l.put("servers", url(3000)); l.put("tempServers", url(3001), url(3002)) },
		"spawning":   func(l lists) { l.put("spawningServers", url(3001), url(3002)) },
		"destroying": func(l lists) { l.put("destroyingServers", url(3001), url(3002)) },
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t)
			fill(l)
			if got, err := l.RequestSpawn(t.Context(), 3); !errors.Is(err, fleet.ErrFull) {
				t.Errorf("third of 3 servers: got %v, %v, want ErrFull", got, err)
			}
			if got, err := l.RequestSpawn(t.Context(), 4); err != nil {
				t.Errorf("fourth of 4 servers: got %v, %v", got, err)
			}
		})
	}
}

func TestRequestSpawn_DoesNotCountFailuresAsServers(t *testing.T) {
	l := open(t)
	l.put("failedServers", url(3001), url(3002), url(3003))
	if got, err := l.RequestSpawn(t.Context(), 2); err != nil || got.Port != 3004 {
		t.Errorf("got %v, %v, want port 3004", got, err)
	}
}

func TestRequestSpawn_PastTheLastPortSaysSo(t *testing.T) {
	l := open(t)
	l.put("servers", url(65535))
	if got, err := l.RequestSpawn(t.Context(), 20); !errors.Is(err, fleet.ErrOutOfPorts) {
		t.Errorf("got %v, %v, want ErrOutOfPorts", got, err)
	}
}

var garbage = []string{
	"", " ", "http://172.17.0.1:3001;rm -rf /", "http://172.17.0.1:99999", "http://172.17.0.1:2999",
	"http://172.17.0.1:03001", "http://172.17.0.1:3001/", "http://evil.example:3001", "https://172.17.0.1:3001",
	"http://172.17.0.1", "http://u@172.17.0.1:3001", "http://172.17.0.1:3001?x", "172.17.0.1:3001", "\x00\xff",
	"http://172.17.0.1:-1", "http://172.17.0.1:3e3", "http://172.17.0.1:+3001", "http://172.17.0.1:9007199254740993",
	"http://172.17.0.1:3001\n", "$(reboot)", strings.Repeat("x", 1<<16),
}

func TestParse_TakesNothingButTheURLOfAServer(t *testing.T) {
	for _, element := range garbage {
		server, err := site.Parse(element)
		if invalid := new(fleet.InvalidError); !errors.As(err, &invalid) {
			t.Errorf("Parse(%.60q): got %v, %v, want an InvalidError", element, server, err)
		}
	}
	for _, port := range []int{3000, 3001, 65535} {
		if got, err := site.Parse(url(port)); err != nil || got.Port != port {
			t.Errorf("Parse(%q): got %v, %v", url(port), got, err)
		}
	}
}

func TestWishes_AreNotMisledByGarbage(t *testing.T) {
	l := open(t)
	for _, element := range garbage {
		l.put("servers", element)
		l.put("failedServers", element)
	}
	if got, err := l.RequestSpawn(t.Context(), 3); err != nil || got.Port != 3001 {
		t.Errorf("RequestSpawn: got %v, %v, want port 3001", got, err)
	}
	if got, err := l.RequestDestroy(t.Context()); !errors.Is(err, fleet.ErrNothingToDestroy) {
		t.Errorf("RequestDestroy: got %v, %v, want ErrNothingToDestroy", got, err)
	}
}

func TestRequestDestroy_NeverChoosesTheFirstServerNorOneTwice(t *testing.T) {
	l := open(t)
	l.put("servers", url(3002), url(3000), url(3001), url(3004), url(3003))
	l.put("destroyingServers", url(3004))
	chosen := make(map[int]bool)
	for range 3 {
		server, err := l.RequestDestroy(t.Context())
		if err != nil {
			t.Fatalf("RequestDestroy: %v", err)
		}
		chosen[server.Port] = true
	}
	for _, port := range []int{3001, 3002, 3003} {
		if !chosen[port] {
			t.Errorf("%d was not chosen; chosen: %v", port, chosen)
		}
	}
	if got, err := l.RequestDestroy(t.Context()); !errors.Is(err, fleet.ErrNothingToDestroy) {
		t.Errorf("a fourth time: got %v, %v, want ErrNothingToDestroy", got, err)
	}
}

func TestRequestDestroy_ChoosesAtRandom(t *testing.T) {
	l := open(t)
	l.put("servers", url(3000), url(3001), url(3002), url(3003))
	chosen := make(map[int]int)
	for range 200 {
		server, err := l.RequestDestroy(t.Context())
		if err != nil {
			t.Fatalf("RequestDestroy: %v", err)
		}
		chosen[server.Port]++
		l.cli.Del(t.Context(), "deleteServers")
	}
	for _, port := range []int{3001, 3002, 3003} {
		if chosen[port] < 20 { // of 67 expected: 8 standard deviations away
			t.Errorf("%d was chosen %d times of 200, want about 67", port, chosen[port])
		}
	}
}

func TestClaim_TakesTheOldestWishAndKeepsItInAList(t *testing.T) {
	l := open(t)
	first, _ := l.RequestSpawn(t.Context(), 20)
	second, _ := l.RequestSpawn(t.Context(), 20)
	if got, err := l.ClaimSpawn(t.Context(), 100*time.Millisecond); err != nil || got != first.URL {
		t.Errorf("ClaimSpawn: got %q, %v, want %q", got, err, first.URL)
	}
	l.want("tempServers", second.URL)
	l.want("spawningServers", first.URL)

	l.put("deleteServers", url(3002), url(3001))
	if got, err := l.ClaimDestroy(t.Context(), time.Second); err != nil || got != url(3001) {
		t.Errorf("ClaimDestroy: got %q, %v, want %q", got, err, url(3001))
	}
	l.want("deleteServers", url(3002))
	l.want("destroyingServers", url(3001))
}

func TestClaim_WithoutWorkSaysSo(t *testing.T) {
	l := open(t)
	if got, err := l.ClaimSpawn(t.Context(), 100*time.Millisecond); !errors.Is(err, fleet.ErrNoWork) {
		t.Errorf("got %q, %v, want ErrNoWork", got, err)
	}
}

func TestClaim_EndsWithItsContextAndTakesNoLaterWish(t *testing.T) {
	l := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := l.ClaimSpawn(ctx, time.Minute)
		ended <- err
	}()
	l.wantBlocked(1)
	begun := time.Now()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) || time.Since(begun) > time.Second {
		t.Errorf("after %v: got %v, want context.Canceled at once", time.Since(begun), err)
	}
	l.wantBlocked(0)
	l.put("tempServers", url(3001))
	l.want("tempServers", url(3001))
	l.want("spawningServers")
}

func TestClaim_AfterItsContextEndedTakesNothing(t *testing.T) {
	l := open(t)
	l.put("tempServers", url(3001))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := l.ClaimSpawn(ctx, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("got %q, %v, want context.Canceled", got, err)
	}
	l.want("tempServers", url(3001))
}

// wantBlocked waits until so many clients wait in a blocking command.
func (l lists) wantBlocked(want int) {
	l.t.Helper()
	line := fmt.Sprintf("blocked_clients:%d\r\n", want)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		info := l.cli.Info(l.t.Context(), "clients").Val()
		if strings.Contains(info, line) {
			return
		}
		if time.Now().After(end) {
			l.t.Fatalf("got %s, want %s", info, line)
		}
	}
}

func TestList_EndsTheSpawningAndListsAServerOnce(t *testing.T) {
	l := open(t)
	l.put("servers", url(3000))
	l.put("spawningServers", url(3001), url(3001))
	l.put("failedServers", url(3001))
	for range 2 {
		if err := l.List(t.Context(), site.Server(3001), 0); err != nil {
			t.Fatalf("List: %v", err)
		}
	}
	l.want("servers", url(3000), url(3001))
	l.want("spawningServers")
	l.want("failedServers")
}

func TestFail_KeepsTheServerWhereAPersonFindsIt(t *testing.T) {
	l := open(t)
	l.put("spawningServers", url(3001))
	for range 2 {
		if err := l.Fail(t.Context(), site.Server(3001), nil); err != nil {
			t.Fatalf("Fail: %v", err)
		}
	}
	l.want("spawningServers")
	l.want("failedServers", url(3001))
}

func TestDestruction_UnlistsBeforeItDrainsAndEndsInNoList(t *testing.T) {
	l := open(t)
	ctx, server := t.Context(), site.Server(3001)
	l.put("servers", url(3000), url(3001))
	l.put("destroyingServers", url(3001))
	if err := l.BeginDrain(ctx, server); err != nil {
		t.Fatalf("BeginDrain: %v", err)
	}
	l.want("servers", url(3000))
	l.want("drainServers", url(3001))
	if draining, err := l.Draining(ctx, server); err != nil || !draining {
		t.Errorf("Draining: got %v, %v, want true", draining, err)
	}
	rotation, _ := l.Rotation("proxy")
	if err := rotation.Drained(ctx, server); err != nil {
		t.Fatalf("Drained: %v", err)
	}
	if draining, err := l.Draining(ctx, server); err != nil || draining {
		t.Errorf("Draining after Drained: got %v, %v, want false", draining, err)
	}
	if err := l.Forget(ctx, server, 0); err != nil {
		t.Fatalf("Forget: %v", err)
	}
	l.want("destroyingServers")
	if snapshot, _ := l.Lists(ctx); snapshot.Knows(server) {
		t.Errorf("some list still knows %s", server.URL)
	}
}

func TestRespawn_MovesOnlyWhatIsListed(t *testing.T) {
	l := open(t)
	l.put("servers", url(3000), url(3001))
	for _, want := range []bool{true, false} {
		got, err := l.Respawn(t.Context(), site.Server(3001), nil)
		if err != nil || got != want {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	l.want("servers", url(3000))
	l.want("spawningServers", url(3001))
}

func TestRespawn_LeavesWhatIsToBeDestroyedAlone(t *testing.T) {
	for _, going := range []string{"deleteServers", "destroyingServers"} {
		l := open(t)
		l.put("servers", url(3000), url(3001))
		l.put(going, url(3001))
		if moved, err := l.Respawn(t.Context(), site.Server(3001), nil); err != nil || moved {
			t.Errorf("in %s: got %v, %v, want false", going, moved, err)
		}
		l.want("servers", url(3000), url(3001))
		l.want("spawningServers")
	}
}

func TestRenew_DrainsWhatServesAndListEndsIt(t *testing.T) {
	l := open(t)
	l.put("servers", url(3000), url(3001), url(3002), url(3003))
	l.put("deleteServers", url(3002))
	l.put("destroyingServers", url(3003))
	for port, want := range map[int]bool{3001: true, 3002: false, 3003: false, 3004: false} {
		if got, err := l.Renew(t.Context(), site.Server(port)); err != nil || got != want {
			t.Errorf("Renew %d: got %v, %v, want %v", port, got, err, want)
		}
	}
	l.want("servers", url(3000), url(3002), url(3003))
	l.want("spawningServers", url(3001))
	l.want("drainServers", url(3001))
	if err := l.List(t.Context(), site.Server(3001), 0); err != nil {
		t.Fatal(err)
	}
	l.want("servers", url(3000), url(3002), url(3003), url(3001))
	l.want("spawningServers")
	l.want("drainServers")
}

func TestRenew_WaitsForTheFirstServer(t *testing.T) {
	l := open(t)
	l.put("servers", url(3001))
	if got, err := l.Renew(t.Context(), site.Server(3001)); err != nil || got {
		t.Errorf("got %v, %v, want false while the first server is not listed", got, err)
	}
	l.want("servers", url(3001))
}

func TestStepAside_DrainsOnlyWhatIsListedBesideAnotherThatStays(t *testing.T) {
	l := open(t)
	l.put("servers", url(3000))
	stepAside := func(port int, want bool) {
		t.Helper()
		if got, err := l.StepAside(t.Context(), site.Server(port)); err != nil || got != want {
			t.Errorf("StepAside %d: got %v, %v, want %v", port, got, err, want)
		}
	}
	stepAside(3000, false)
	l.want("servers", url(3000))
	l.want("drainServers")
	l.put("servers", url(3001))
	stepAside(3002, false)
	l.put("deleteServers", url(3001))
	stepAside(3000, false)
	l.put("servers", url(3002))
	stepAside(3000, true)
	stepAside(3000, false)
	l.want("servers", url(3001), url(3002))
	l.want("drainServers", url(3000))
}

func TestReclaim_SpawnsOnlyWhatNoListKnows(t *testing.T) {
	l := open(t)
	for _, want := range []bool{true, false} {
		if got, err := l.Reclaim(t.Context(), site.Server(3001), nil); err != nil || got != want {
			t.Errorf("Reclaim: got %v, %v, want %v", got, err, want)
		}
	}
	l.want("spawningServers", url(3001))
	l.want("servers")
}

func TestAdopt_ListsOnlyWhatNoListKnows(t *testing.T) {
	l := open(t)
	for _, want := range []bool{true, false} {
		if got, err := l.Adopt(t.Context(), site.FirstServer()); err != nil || got != want {
			t.Errorf("Adopt first: got %v, %v, want %v", got, err, want)
		}
	}
	l.want("servers", url(3000))
	l.put("destroyingServers", url(3001))
	if got, err := l.Adopt(t.Context(), site.Server(3001)); err != nil || got {
		t.Errorf("Adopt of one being destroyed: got %v, %v, want false", got, err)
	}
}

func TestSetAside_MovesGarbageOfEachListToFailedServers(t *testing.T) {
	l := open(t)
	keys := []string{"servers", "tempServers", "spawningServers", "deleteServers", "destroyingServers", "drainServers"}
	for i, key := range keys {
		l.put(key, url(3001+i), "rubbish")
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
		l.want(key, url(3001+i))
	}
	l.want("failedServers", "rubbish")
}

func TestServers_ShowsEachServerOnceInTheStateFurthestAlong(t *testing.T) {
	l := open(t)
	l.put("servers", url(3000), url(3001), url(3000), "rubbish")
	l.put("deleteServers", url(3001))
	l.put("tempServers", url(3005))
	l.put("spawningServers", url(3004))
	l.put("destroyingServers", url(3002))
	l.put("drainServers", url(3002))
	l.put("failedServers", url(3003), "rubbish")
	snapshot, err := l.Lists(t.Context())
	if err != nil {
		t.Fatalf("Lists: %v", err)
	}
	var got []string
	for _, server := range snapshot.Servers() {
		got = append(got, fmt.Sprintf("%d %s", server.Port, server.State))
	}
	want := []string{"3000 running", "3001 deleting", "3002 destroying", "3003 failed", "3004 spawning", "3005 queued"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRotation_GivesEachServerItsTurnAndLosesNone(t *testing.T) {
	l := open(t)
	l.put("servers", url(3000), url(3001), "rubbish", url(3002))
	rotation, err := l.Rotation("proxy")
	if err != nil {
		t.Fatalf("Rotation: %v", err)
	}
	turns := rotation.Turns()
	var got []int
	for _, n := range []int{1, 1, 5, 1} {
		servers, garbage, err := turns.Next(t.Context(), n)
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		if len(servers)+len(garbage) != n {
			t.Errorf("Next(%d): got %v and %v, want %d elements", n, servers, garbage, n)
		}
		for _, server := range servers {
			got = append(got, server.Port)
		}
	}
	if want := []int{3002, 3001, 3000, 3002, 3001, 3000}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	l.want("servers", url(3000), url(3001), "rubbish", url(3002))
}

func TestRotation_GivingTurnsBackUndoesThem(t *testing.T) {
	l := open(t)
	l.put("servers", url(3000), url(3001), url(3002))
	rotation, err := l.Rotation("proxy")
	if err != nil {
		t.Fatalf("Rotation: %v", err)
	}
	if _, _, err := rotation.Turns().Next(t.Context(), 5); err != nil {
		t.Fatalf("Next: %v", err)
	}
	if err := rotation.GiveBack(t.Context(), 5); err != nil {
		t.Fatalf("GiveBack: %v", err)
	}
	l.want("servers", url(3000), url(3001), url(3002))
	l.cli.Del(t.Context(), "servers")
	if err := rotation.GiveBack(t.Context(), 2); err != nil {
		t.Errorf("GiveBack with an empty list: got %v, want nil", err)
	}
}

func TestRotation_NoticesADrainAtOnceAndLeavesTheListAsItWas(t *testing.T) {
	l := open(t)
	rotation, _ := l.Rotation("proxy")
	if drains, err := rotation.AwaitDrain(t.Context(), time.Second); err != nil || drains {
		t.Errorf("nothing drains: got %v, %v, want false after a second", drains, err)
	}
	noticed := make(chan time.Time)
	go func() {
		if drains, err := rotation.AwaitDrain(t.Context(), time.Minute); err != nil || !drains {
			t.Errorf("a server drains: got %v, %v, want true", drains, err)
		}
		noticed <- time.Now()
	}()
	l.put("drainServers", url(3001))
	began := time.Now()
	if took := (<-noticed).Sub(began); took > time.Second {
		t.Errorf("noticed after %v, want at once", took)
	}
	l.want("drainServers", url(3001))
}

func TestRotation_EmptyAndAwayAreToldApart(t *testing.T) {
	l := open(t)
	rotation, _ := l.Rotation("blue")
	turns := rotation.Turns()
	if _, _, err := turns.Next(t.Context(), 2); !errors.Is(err, fleet.ErrNoServers) {
		t.Errorf("empty list: got %v, want ErrNoServers", err)
	}
	l.cli.ShutdownNoSave(context.Background())
	if _, _, err := turns.Next(t.Context(), 2); err == nil || errors.Is(err, fleet.ErrNoServers) {
		t.Errorf("Redis away: got %v, want another error than ErrNoServers", err)
	}
}

func TestAddVisit_KeepsTheLastFive(t *testing.T) {
	l := open(t)
	for i := range 7 {
		if err := l.AddVisit(t.Context(), fmt.Sprint("/", i)); err != nil {
			t.Fatalf("AddVisit: %v", err)
		}
	}
	got, err := l.Recent(t.Context())
	if want := []string{"/6", "/5", "/4", "/3", "/2"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestImages_AreTakenNewestFirstAndRefusedWhenTooMany(t *testing.T) {
	l := open(t)
	for _, picture := range []string{"one", "two"} {
		if err := l.AddImage(t.Context(), picture, 2, 1<<20); err != nil {
			t.Fatalf("AddImage(%q): %v", picture, err)
		}
	}
	if err := l.AddImage(t.Context(), "three", 2, 1<<20); !errors.Is(err, fleet.ErrTooManyImages) {
		t.Errorf("a third of 2: got %v, want ErrTooManyImages", err)
	}
	for _, want := range []string{"two", "one"} {
		if got, err := l.TakeImage(t.Context()); err != nil || got != want {
			t.Errorf("TakeImage: got %q, %v, want %q", got, err, want)
		}
	}
	if got, err := l.TakeImage(t.Context()); !errors.Is(err, fleet.ErrNoImages) {
		t.Errorf("TakeImage of none: got %q, %v, want ErrNoImages", got, err)
	}
}

func TestReserved_KnowsEveryListOfTheContract(t *testing.T) {
	for _, key := range []string{"servers", "tempServers", "spawningServers", "failedServers", "deleteServers",
		"destroyingServers", "drainServers", "blueServers", "greenServers", "drainBlueServers",
		"drainGreenServers", "recent", "images"} {
		if !fleet.Reserved(key) {
			t.Errorf("Reserved(%q): got false, want true", key)
		}
	}
	if fleet.Reserved("greeting") {
		t.Error(`Reserved("greeting"): got true, want false`)
	}
}
