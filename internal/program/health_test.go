package program

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheckHealth_TellsWhyAServerIsNotWell(t *testing.T) {
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer server.Close()

	if err := CheckHealth(t.Context(), server.URL); err != nil {
		t.Errorf("CheckHealth of a server that answers 200: got %v, want nil", err)
	}
	status = http.StatusServiceUnavailable
	want := server.URL + " answered 503 Service Unavailable"
	if err := CheckHealth(t.Context(), server.URL); err == nil || err.Error() != want {
		t.Errorf("CheckHealth of a server that answers 503: got %v, want %s", err, want)
	}
	server.Close()
	if err := CheckHealth(t.Context(), server.URL); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("CheckHealth of no server: got %v, want an error in one line", err)
	}
}

func TestCheckHealth_DoesNotWaitForASilentServer(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)

	if err := CheckHealth(t.Context(), server.URL); err == nil || !strings.Contains(err.Error(), "deadline exceeded") {
		t.Errorf("CheckHealth of a silent server: got %v, want that the deadline was exceeded", err)
	}
}

func TestProbe_TakesARedirectionForTheAnswerAndKeepsNoConnection(t *testing.T) {
	var asked []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r)
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer server.Close()
	if status, err := Probe(t.Context(), server.URL); status != http.StatusFound || err != nil {
		t.Errorf("got %d, %v, want %d", status, err, http.StatusFound)
	}
	if len(asked) != 1 || !asked[0].Close || asked[0].UserAgent() != ProbeAgent {
		t.Errorf("got requests %v, want one of %s on a connection that is closed after it", asked, ProbeAgent)
	}
}
