package main

import (
	"strings"
	"testing"
	"time"
)

func TestLogQuery_ReadsWhatToShow(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	query, err := logQuery(strings.Fields("--since 10m --grep err.*r --release previous"), now)
	if err != nil || !query.Since.Equal(now.Add(-10*time.Minute)) || query.Release != "previous" || !query.Grep.MatchString("error") || query.Follow {
		t.Errorf("got %+v, %v", query, err)
	}
	query, err = logQuery(strings.Fields("-f --since 2026-11-24T09:00:00+01:00"), now)
	if err != nil || !query.Follow || !query.Since.Equal(now.Add(-2*time.Hour)) {
		t.Errorf("got %+v, %v", query, err)
	}
}

func TestLogQuery_RefusesWhatItDoesNotUnderstand(t *testing.T) {
	for line, want := range map[string]string{
		"--since yesterday":     "--since yesterday: expected a duration such as 90s",
		"--since -5m":           "expected a duration",
		"--grep (":              "is not a regular expression",
		"-x":                    "not with these arguments",
		"blue":                  "not with these arguments",
		"-f --release previous": "not with these arguments",
		"--since":               "not with these arguments",
	} {
		if query, err := logQuery(strings.Fields(line), time.Now()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %+v, %v, want an error with %q", line, query, err, want)
		}
	}
}
