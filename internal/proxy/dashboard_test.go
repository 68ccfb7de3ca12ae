package proxy

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboardFile is what Grafana shows with COMPOSE_PROFILES=metrics.
const dashboardFile = "../../deploy/metrics/grafana/dashboards/proxies.json"

// expressions returns all that the dashboard asks Prometheus for.
func expressions(t *testing.T) (all []string) {
	t.Helper()
	content, err := os.ReadFile(dashboardFile)
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal(content, &dashboard); err != nil {
		t.Fatalf("%s: %v", dashboardFile, err)
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			all = append(all, target.Expr)
		}
	}
	return all
}

// scraped returns what Prometheus gets from the proxy now.
func (s *stage) scraped() string {
	answer := httptest.NewRecorder()
	s.proxy.adminServer().Handler.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	return answer.Body.String()
}

func TestDashboard_AsksForMetricsThatThereAre(t *testing.T) {
	s := newStage(t)
	s.backend(ok)
	s.do("GET", "/", "")
	s.proxy.metrics.retry(errHung)
	// A request is counted after its answer has left, so the client can be here first.
	eventually(t, func() bool { return strings.Contains(s.scraped(), "\ndeux_proxy_requests_total{") })
	metrics := s.scraped()
	is := func(name string) bool {
		return strings.Contains(metrics, "\n"+name+" ") || strings.Contains(metrics, "\n"+name+"{")
	}
	asked := expressions(t)
	if len(asked) == 0 {
		t.Fatal("the dashboard asks for nothing")
	}
	names := regexp.MustCompile(`\b(deux|process)_[a-z_]+`)
	for _, expression := range asked {
		found := names.FindAllString(expression, -1)
		if len(found) == 0 {
			t.Errorf("%s: names no metric of ours", expression)
		}
		if missing := slices.DeleteFunc(found, is); len(missing) > 0 {
			t.Errorf("%s: /metrics does not have %q", expression, missing)
		}
	}
}
