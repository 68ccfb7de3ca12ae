// Package protocol is the proxy's HTTP/1.1, byte by byte: what it takes from a
// client, what a server gets of it, and back. The cases are the files in
// testdata, whose README says how to add one. The test here builds cmd/proxy,
// runs it over a real Redis, and plays each case on raw sockets, as the client
// and as the only server behind the proxy.
package protocol

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestProtocol_HoldsInEveryCase(t *testing.T) {
	files, err := filepath.Glob("testdata/*.case")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files testdata/*.case, %v, want some", len(files), err)
	}
	theatre := newTheatre(t)
	for _, file := range files {
		cases, err := readCases(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".case"), func(t *testing.T) {
			t.Parallel()
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) { perform(t, theatre, c) })
			}
		})
	}
}

// perform plays a case on a proxy that no other case uses meanwhile.
func perform(t *testing.T, theatre *theatre, c script) {
	stage := theatre.take(t, c.env)
	defer func() { theatre.giveBack(stage, t.Failed()) }()
	play := newPlay(t, stage, theatre.listen(t), c)
	defer play.end()
	for _, step := range c.steps {
		if err := play.perform(step); err != nil {
			t.Fatalf("%s:%d: %s (%s)\n%s:%d: %s: %v", c.file, c.line, c.name, c.source, c.file, step.line, step.verb, err)
		}
	}
	if err := play.settled(); err != nil {
		t.Fatalf("%s:%d: %s (%s)\nat the end: %v", c.file, c.line, c.name, c.source, err)
	}
}
