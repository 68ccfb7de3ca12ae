package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deux/internal/deploy/appenv"
)

// stdin is a standard input that holds text.
func stdin(t *testing.T, text string) *input {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stdin")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return &input{from: file, hint: io.Discard}
}

func TestSet_TakesValuesFromEveryPlace(t *testing.T) {
	dir := t.TempDir()
	lines, blob := filepath.Join(dir, "lines"), filepath.Join(dir, "blob")
	if err := errors.Join(os.WriteFile(lines, []byte("A=1\nB='x\ny'\n"), 0o600), os.WriteFile(blob, []byte("\x00\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		arguments []string
		stdin     string
		want      map[string]string // a file's content after an @
	}{
		{[]string{"A=b=c", "E="}, "", map[string]string{"A": "b=c", "E": ""}},
		{[]string{"A"}, "secret\n", map[string]string{"A": "secret"}},
		{[]string{"A", "B=2"}, "several\nlines\n\n", map[string]string{"A": "several\nlines\n", "B": "2"}},
		{[]string{"PORT"}, "3000\r\n", map[string]string{"PORT": "3000"}},
		{[]string{"--from", lines}, "", map[string]string{"A": "1", "B": "x\ny"}},
		{[]string{"--from=-", "C=3"}, "A=1", map[string]string{"A": "1", "C": "3"}},
		{[]string{"--file", "tls.key=" + blob}, "", map[string]string{"tls.key": "@\x00\n"}},
		{[]string{"--file=K=-", "--from", lines}, "k\n", map[string]string{"K": "@k\n", "A": "1", "B": "x\ny"}},
	} {
		got, err := parseSet(test.arguments, stdin(t, test.stdin))
		if err != nil || len(got.Names()) != len(test.want) {
			t.Errorf("set %q: got %v, %v, want %q", test.arguments, got, err, test.want)
		}
		for name, want := range test.want {
			if content, file := strings.CutPrefix(want, "@"); file && string(got.Files[name]) != content || !file && got.Variables[name] != want {
				t.Errorf("set %q: %s is %q or %q, want %q", test.arguments, name, got.Variables[name], got.Files[name], want)
			}
		}
	}
}

func TestSet_RefusesWithoutShowingWhatItGot(t *testing.T) {
	const canary = "canary"
	for _, test := range []struct{ arguments, stdin, want string }{
		{canary + "!", "", "argument 1 of set: a variable's name is"},
		{"A=1 " + canary + "-x=" + canary, "", "argument 2 of set: a variable's name is"},
		{"A=" + canary + " A=" + canary, "", "argument 2 of set: the name is given a second time"},
		{"A B", canary, "argument 2 of set: standard input can be read once"},
		{"A", strings.Repeat(canary, appenv.MaxValue), "argument 1 of set: more than"},
		{"REVISION=" + canary, "", "argument 1 of set: REVISION is set by every deploy"},
		{"COLOUR", canary, "argument 1 of set: COLOUR is set by every deploy"},
		{"PORT=" + canary, "", "argument 1 of set: PORT is where the app listens"},
		{"--from -", "A=1\n" + canary, "argument 1 of set: line 2: expected NAME=value"},
		{"A=1 --from -", "A=" + canary, "argument 2 of set: the name is given a second time"},
		{"--from /nonexistent", "", "argument 1 of set: open /nonexistent"},
		{"--file ../x=-", canary, "argument 1 of set: a file's name is"},
		{"--file K", canary, errUsage.Error()},
		{"--from", canary, errUsage.Error()},
		{"--" + canary + " x", "", errUsage.Error()},
		{"-A=1", "", errUsage.Error()},
	} {
		_, err := parseSet(strings.Fields(test.arguments), stdin(t, test.stdin))
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), canary) {
			t.Errorf("set %.40q: got %v, want %q, without the value", test.arguments, err, test.want)
		}
	}
}

func TestEnv_RefusesWhatItDoesNotKnow(t *testing.T) {
	for _, line := range []string{"", "set", "unset", "unset --all", "list all", "list --show x", "get A"} {
		if err := env(t.Context(), nil, strings.Fields(line)); !errors.Is(err, errUsage) {
			t.Errorf("env blue %s: got %v, want errUsage", line, err)
		}
	}
}
