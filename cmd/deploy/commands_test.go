package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"deux/internal/deploy"
)

func TestFind_NamesTheCommandOrWhatToType(t *testing.T) {
	for _, test := range []struct {
		line      string
		name, err string
	}{
		{"dance blue", "", `unknown command "dance": bin/deploy -h lists them`},
		{"history", "", "usage: bin/deploy history COLOUR [--long]"},
		{"history blue", "history", ""},
		{"rollback", "", "usage: bin/deploy rollback COLOUR [REVISION]"},
		{"status", "status", ""},
		{"env blue set A=1", "env", ""},
		{"forward", "", "usage: bin/deploy forward COLOUR"},
		{"down --clean", "down", ""},
		{"init", "init", ""},
		{"init blue", "", "usage: bin/deploy init"},
		{"update blue refs/heads/main a b", "update", ""},
	} {
		found, _, err := find(commands, strings.Fields(test.line))
		if got := errorText(err); found.name != test.name || got != test.err {
			t.Errorf("%q: got %q, %q, want %q, %q", test.line, found.name, got, test.name, test.err)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestCommand_WithoutAColourIsForBothWhereTheUsageSaysSo(t *testing.T) {
	for line, want := range map[string]bool{
		"status": true, "status blue": false, "down": true, "down --clean": true, "down blue --clean": false,
		"restore": true, "rollback": false, "logs -f": false,
	} {
		words := strings.Fields(line)
		for _, c := range commands {
			if c.name == words[0] && c.forBoth(words[1:]) != want {
				t.Errorf("%q: got %v, want %v", line, !want, want)
			}
		}
	}
}

// TestCommands_RefuseArgumentsThatTheyDoNotTake runs every command with
// arguments that are refused before the deployer, which is none, is asked.
func TestCommands_RefuseArgumentsThatTheyDoNotTake(t *testing.T) {
	for _, c := range commands {
		if c.run == nil {
			continue
		}
		if err := c.run(t.Context(), nil, strings.Fields("a b c d e")); !errors.Is(err, errUsage) {
			t.Errorf("%s a b c d e: got %v, want errUsage", c.name, err)
		}
	}
}

func TestUsage_ListsEveryCommandThatIsForPeople(t *testing.T) {
	nothing := func(context.Context, *deploy.Deployer, []string) error { return nil }
	got := usage([]command{
		{"short", "COLOUR", "is on one line", nothing},
		{"long", "COLOUR [WITH MANY ARGUMENTS]…", "is on two", nothing},
		{"hook", "COLOUR", "", nothing},
	})
	want := "usage: bin/deploy COMMAND\n" +
		"  short    COLOUR              is on one line\n" +
		"  long     COLOUR [WITH MANY ARGUMENTS]…\n" +
		"                               is on two\n\nCOLOUR is"
	if !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant it to start with\n%s", got, want)
	}
	names := make(map[string]bool)
	for _, c := range commands {
		if names[c.name] {
			t.Errorf("two commands are called %s", c.name)
		}
		names[c.name] = true
	}
}
