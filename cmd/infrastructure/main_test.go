package main

import (
	"path/filepath"
	"testing"

	"deux/internal/program"
	"deux/internal/settings"
)

func TestControl_AnswersWithExitCodes(t *testing.T) {
	dir := t.TempDir()
	env := settings.From(func(name string) string {
		return map[string]string{"VAR": filepath.Join(dir, "var"), "LOCK_FILE": filepath.Join(dir, "lock"), "MAX_SERVERS": "bad"}[name]
	})
	for _, test := range []struct {
		arguments []string
		want      error
	}{
		{[]string{"stop"}, nil}, // whatever other settings are
		{[]string{"running"}, program.Exit(1)},
		{[]string{"stop", "now"}, program.Exit(2)},
		{[]string{"restart"}, program.Exit(2)},
	} {
		if err := control(t.Context(), env, test.arguments); err != test.want {
			t.Errorf("%q: got %v, want %v", test.arguments, err, test.want)
		}
	}
	lock, err := program.TakeLock(filepath.Join(dir, "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := control(t.Context(), env, []string{"running"}); err != nil {
		t.Errorf("running, while one runs: got %v, want nil", err)
	}
}

func TestControl_StartRefusesABadSetting(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("VAR", filepath.Join(dir, "var"))
	t.Setenv("MAX_SERVERS", "many")
	err := control(t.Context(), settings.FromEnvironment(), []string{"start"})
	if want := `setting MAX_SERVERS="many": expected a whole number from 1 to 1000`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
