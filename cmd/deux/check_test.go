package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"deux/internal/program"
)

func TestCheck_NamesEachBadSettingOnce(t *testing.T) {
	bad := []string{"BLUE_ADMIN_PORT", "BLUE_PORT", "DRAIN_TIMEOUT", "FIRST_PORT", "LOG_FILES", "LOG_FORMAT", "LOG_SIZE", "MAX_IMAGES", "PROXY_ADMIN_PORT",
		"PROXY_PORT", "REDIS_MEMORY", "RESPONSE_TIMEOUT", "SERVER_MEMORY", "WRITE_INTERVAL"}
	_, lines := check(func(name string) string {
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
			return map[string]string{"PORT": "none", "ADMIN_PORT": "none", "SERVICE": "none"}[name]
		},
	} {
		if _, lines := check(environment); len(lines) != 0 {
			t.Errorf("got %q, want nothing", lines)
		}
	}
}

func TestCheck_RefusesAPortThatTwoWant(t *testing.T) {
	_, lines := check(func(name string) string { return map[string]string{"BLUE_ADMIN_PORT": "3456"}[name] })
	want := []string{"setting BLUE_ADMIN_PORT=3456: expected another port than that of PROXY_PORT"}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}

func TestCheck_RefusesASystemThatRunsFromAnotherCheckout(t *testing.T) {
	lockFile := filepath.Join(t.TempDir(), "lock")
	lock, err := program.TakeLock(lockFile)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	stranger := other(t).Pid
	file, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", stranger))
	if err != nil {
		t.Fatal(err)
	}
	for holder, want := range map[int][]string{
		os.Getpid(): nil, // of this checkout
		stranger:    {"setting FLEET=deux: infrastructure of this system runs from " + filepath.Dir(filepath.Dir(file)) + ": make down there ends it"},
	} {
		if err := os.WriteFile(lockFile, []byte(strconv.Itoa(holder)), 0o600); err != nil {
			t.Fatal(err)
		}
		if lines := checkCheckout("deux", lockFile); !slices.Equal(lines, want) {
			t.Errorf("got %q, want %q", lines, want)
		}
	}
}

// other returns a process of another program, which lives until the test ends.
func other(t *testing.T) *os.Process {
	t.Helper()
	command := exec.Command("sleep", "1h")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	return command.Process
}
