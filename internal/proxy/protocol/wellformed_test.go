package protocol

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A step behind one that fails is not played, so that a slip in it shows only
// here.
func TestCases_AreWellFormed(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.case")
	for _, file := range files {
		cases, err := readCases(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			for _, s := range c.steps {
				if err := s.check(); err != nil {
					t.Errorf("%s:%d: %s: %v", file, s.line, s.verb, err)
				}
			}
		}
	}
}

// check returns an error if the step has a bad escape, message or expression.
func (s step) check() error {
	text, err := expand(s.text, "127.0.0.1:3000")
	if err != nil {
		return err
	}
	switch s.verb {
	case "client-has", "server-has":
		_, expression, _ := strings.Cut(text, " ")
		_, err = regexp.Compile(expression)
	case "client-gets", "client-gets-head", "refused":
		if !statuses.MatchString(text) {
			_, _, err = parseMessage(text, s.verb == "client-gets-head", false)
		}
	case "server-gets", "passes", "relays":
		_, _, err = parseMessage(text, false, false)
	case "client-gets-part", "server-gets-part":
		_, _, err = parseMessage(text, false, true)
	}
	return err
}
