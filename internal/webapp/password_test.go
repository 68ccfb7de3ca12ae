package webapp

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"deux/internal/fleet"
	"deux/internal/redistest"
)

func TestPassword_MayBeSentAHundredTimesAtOnceToFreshServers(t *testing.T) {
	f := open(t)
	list(t, f, 3000)
	config := testConfig
	config.Password, config.MaxServers = sesame, 200
	var servers []http.Handler
	for range 2 {
		servers = append(servers, newAppWith(t, config, f, slog.New(slog.DiscardHandler)).routes())
	}
	var spawning sync.WaitGroup
	var guard sync.Mutex
	ports := make(map[int]bool)
	for i := range 100 {
		spawning.Go(func() {
			got := send(t, servers[i%2], as("POST", "/spawn", "Authorization", "Bearer "+sesame, "Accept", asJSON))
			var server serverData
			if err := json.Unmarshal([]byte(got.body), &server); got.status != 202 || err != nil {
				t.Errorf("got %v, want 202 and a port", got)
			}
			guard.Lock()
			defer guard.Unlock()
			ports[server.Port] = true
		})
	}
	spawning.Wait()
	if len(ports) != 100 {
		t.Errorf("100 at once: got %d ports, want as many", len(ports))
	}
}

func TestPassword_IsRefusedAHundredTimesIfItIsWrong(t *testing.T) {
	handler := locked(t, open(t), nil)
	answers := make(chan answer)
	for range 100 {
		go func() { answers <- send(t, handler, as("POST", "/spawn", "Authorization", "Bearer nothing")) }()
	}
	statuses := make(map[int]int)
	for range 100 {
		statuses[(<-answers).status]++
	}
	if statuses[401] == 0 || statuses[429] == 0 || statuses[401]+statuses[429] != 100 {
		t.Errorf("the same wrong password: got %v, want some 401 and the rest 429", statuses)
	}
}

// Otherwise the one guess of a flood that is right would stand out.
func TestPassword_IsRefusedWhileTooManyWrongOnesAreTried(t *testing.T) {
	cli := redistest.Open(t)
	f := fleet.Open(fleet.Redis{Address: cli.Address}, site)
	defer f.Close()
	handler := locked(t, f, nil)
	bearer := as("POST", "/set/key", "Authorization", "Bearer "+sesame)
	if got := send(t, handler, bearer); got.status != 200 {
		t.Fatalf("before: got %v, want 200", got)
	}
	must(t, cli.Set(t.Context(), "deux:guesses:all", time.Now().Add(time.Hour).UnixMicro(), 0).Err())
	for what, got := range map[string]answer{"bearer": send(t, handler, bearer), "login": logIn(t, handler, sesame, "/")} {
		if got.status != 429 {
			t.Errorf("%s: got %v, want 429", what, got)
		}
	}
}
