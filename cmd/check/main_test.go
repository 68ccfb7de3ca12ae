package main

import (
	"slices"
	"strings"
	"testing"
)

func TestCheck_NamesEachBadSettingOnce(t *testing.T) {
	bad := []string{"BLUE_PORT", "DRAIN_TIMEOUT", "FIRST_PORT", "MAX_IMAGES", "PROXY_PORT", "RESPONSE_TIMEOUT", "WRITE_INTERVAL"}
	lines := check(func(name string) string {
		if slices.Contains(bad, name) {
			return "none"
		}
		return ""
	})
	if len(lines) != len(bad) {
		t.Fatalf("got %q, want a line for each of %q", lines, bad)
	}
	for i, name := range bad {
		if want := `setting ` + name + `="none": expected `; !strings.HasPrefix(lines[i], want) {
			t.Errorf("got %q, want %q", lines[i], want)
		}
	}
}

func TestCheck_IsSilentAboutDefaultsAndWhatIsNotHandedOn(t *testing.T) {
	for _, environment := range []func(string) string{
		func(string) string { return "" },
		func(name string) string { return map[string]string{"PORT": "none", "SHUTDOWN_TIMEOUT": "none"}[name] },
	} {
		if lines := check(environment); len(lines) != 0 {
			t.Errorf("got %q, want nothing", lines)
		}
	}
}
