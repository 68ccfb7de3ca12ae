package proxy

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"deux/internal/fleet"
	"deux/internal/porttest"
	"deux/internal/redistest"
)

func TestRun_EndsWhenToldAndLetsTheRequestInFlightEnd(t *testing.T) {
	cli := redistest.Open(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	backend := httptest.NewServer(slow(begun, finish))
	defer backend.Close()
	config := testConfig(t)
	config.Service, config.Port, config.AdminPort, config.Redis.Address = "blue", porttest.Free(t), porttest.Free(t), cli.Address
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, config, slog.New(slog.DiscardHandler)) }()
	eventually(t, func() bool { return CheckHealth(t.Context(), config) == nil })
	cli.Push("blueServers", backend.URL)
	other := dead(t)
	go func() {
		defer close(finish)
		<-begun
		stop()
		cli.Push("drainBlueServers", other)
		redistest.Eventually(t, func() bool { return len(cli.Elements("drainBlueServers")) == 0 }, func() {
			t.Error("while a request is in flight another server that has drained is not reported")
		})
	}()
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", config.Port))
	if err != nil {
		t.Fatalf("the request in flight: %v", err)
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || string(text) != "first half, second half" {
		t.Errorf("got %q, %v, want the whole answer", text, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run: got %v, want nil", err)
	}
}

func TestRun_RefusesAnUnknownService(t *testing.T) {
	err := Run(t.Context(), Config{Service: "red", Redis: fleet.Redis{Address: "127.0.0.1:1"}}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), `SERVICE="red"`) {
		t.Errorf("got %v, want an error that names SERVICE", err)
	}
}
