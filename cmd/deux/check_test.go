package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"deux/internal/settings"
)

func TestCheck_NamesEachBadSettingOnce(t *testing.T) {
	bad := []string{"BLUE_ADMIN_PORT", "BLUE_PORT", "DRAIN_TIMEOUT", "FIRST_PORT", "LOG_FILES", "LOG_FORMAT", "LOG_SIZE", "MAX_IMAGES", "PROXY_ADMIN_PORT",
		"PROXY_PORT", "REDIS_MEMORY", "RESPONSE_TIMEOUT", "SERVER_MEMORY", "WRITE_INTERVAL"}
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
		func(name string) string {
			return map[string]string{"PORT": "none", "ADMIN_PORT": "none", "SHUTDOWN_TIMEOUT": "none"}[name]
		},
	} {
		if lines := check(environment); len(lines) != 0 {
			t.Errorf("got %q, want nothing", lines)
		}
	}
}

func TestCheck_RefusesAPortThatTwoWant(t *testing.T) {
	lines := check(func(name string) string { return map[string]string{"BLUE_ADMIN_PORT": "3456"}[name] })
	want := []string{"setting BLUE_ADMIN_PORT=3456: expected another port than that of PROXY_PORT"}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}

func TestCheckPorts_RefusesAPortOfAProxyThatNeedsRoot(t *testing.T) {
	env := settings.From(func(name string) string { return map[string]string{"PROXY_PORT": "80", "READER_PORT": "81"}[name] })
	lines := checkPorts(env, 1024)
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "setting PROXY_PORT=80: expected 1024 or higher") {
		t.Errorf("got %q, want a line about PROXY_PORT alone", lines)
	}
	if lines := checkPorts(env, 80); len(lines) != 0 {
		t.Errorf("where ports from 80 are free to all: got %q, want nothing", lines)
	}
}

func TestCheck_ReadsNoSettingThatTheDocsLeaveOut(t *testing.T) {
	docs, err := os.ReadFile("../../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	check(func(name string) string {
		colourless := strings.TrimPrefix(strings.TrimPrefix(name, "BLUE_"), "GREEN_")
		if !strings.Contains(string(docs), "`"+name+"`") && !strings.Contains(string(docs), "`"+colourless+"`") {
			t.Errorf("%s is read and not in docs/settings.md", name)
		}
		return ""
	})
}
