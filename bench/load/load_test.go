package load

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestPace_CountsFromWhenARequestWasDue(t *testing.T) {
	const stall = 400 * time.Millisecond
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 50 {
			time.Sleep(stall)
		}
	}))
	defer server.Close()
	result, err := Pace(context.Background(), Turn{URL: server.URL, Connections: 1, Duration: time.Second}, 200)
	if err != nil {
		t.Fatal(err)
	}
	if result.Requests != 200 || result.Failures != 0 {
		t.Errorf("got %d requests, %d failed; want 200, 0", result.Requests, result.Failures)
	}
	// One request in 200 met the stall, but dozens were due while it lasted.
	if result.P99 < stall*3/4 {
		t.Errorf("got p99 %v after a stall of %v: requests that were due meanwhile do not show", result.P99, stall)
	}
}

func TestPace_CountsWhatIsNotAnswered(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer server.Close()
	result, err := Pace(context.Background(), Turn{URL: server.URL, Connections: 2, Duration: 100 * time.Millisecond}, 100)
	if err != nil || result.Requests != 0 || result.Failures != 10 {
		t.Errorf("got %d requests, %d failed, error %v; want 0, 10, none", result.Requests, result.Failures, err)
	}
}

func TestParse_ReadsTheLineOfTheScript(t *testing.T) {
	got, err := parse("Requests/sec: 12.00\nFIGURES 3000 1500000 250 9000 7\n")
	want := Result{Requests: 3000, Failures: 7, Took: 1500 * time.Millisecond, P50: 250 * time.Microsecond, P99: 9 * time.Millisecond}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if _, err := parse("unable to connect"); err == nil {
		t.Error("output without figures: got no error")
	}
}

func TestCell_ShowsMedianAndRatiosOfTheSameRounds(t *testing.T) {
	for _, c := range []struct {
		values, base []float64
		want         string
	}{
		{[]float64{1000, 3000, 2000}, []float64{1000, 2000, 4000}, "2,000 · **1.00** (0.50–1.50)"},
		{[]float64{1234567}, nil, "1,234,567"},
		{[]float64{0}, []float64{1}, "–"},
		{nil, nil, "–"},
	} {
		if got := Cell(c.values, c.base, 0); got != c.want {
			t.Errorf("Cell(%v, %v): got %s, want %s", c.values, c.base, got, c.want)
		}
	}
}
