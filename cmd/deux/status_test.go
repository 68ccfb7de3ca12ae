package main

import (
	"testing"
	"time"

	"deux/internal/program"
)

func TestReadPatience_TakesNothingOrSeconds(t *testing.T) {
	for _, test := range []struct {
		arguments []string
		want      time.Duration
		ok        bool
	}{
		{nil, 0, true},
		{[]string{"--wait", "90"}, 90 * time.Second, true},
		{[]string{"--renewed", "90"}, 90 * time.Second, true},
		{[]string{"--healed", "90"}, 0, false},
		{[]string{"--wait"}, 0, false},
		{[]string{"--wait", "0"}, 0, false},
		{[]string{"--wait", "-1"}, 0, false},
		{[]string{"--wait", "soon"}, 0, false},
		{[]string{"--wait", "1", "2"}, 0, false},
		{[]string{"90"}, 0, false},
	} {
		what, got, ok := readPatience(test.arguments)
		if ok && len(test.arguments) > 0 && what != test.arguments[0] {
			t.Errorf("%q: got that it waits for %q", test.arguments, what)
		}
		if ok != test.ok || ok && got != test.want {
			t.Errorf("%q: got %v, %v, want %v, %v", test.arguments, got, ok, test.want, test.ok)
		}
	}
}

func TestRun_SaysHowItIsUsed(t *testing.T) {
	for _, arguments := range [][]string{nil, {"stop"}, {"check", "all"}, {"status", "all"}} {
		if err := run(t.Context(), arguments); err != program.Exit(2) {
			t.Errorf("%q: got %v, want exit code 2", arguments, err)
		}
	}
}
