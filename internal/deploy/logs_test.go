package deploy

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestLogFilter_ShowsWholeLinesOfTheTimeAndPatternWithoutTheirTimes(t *testing.T) {
	const log = "2026-11-24T10:00:00.5Z early error\n2026-11-24T10:00:01.25Z an error\n2026-11-24T10:00:02Z fine\n\n2026-11-24T10:00:03Z last error"
	since := time.Date(2026, 11, 24, 10, 0, 1, 0, time.UTC)
	for _, test := range []struct {
		query LogQuery
		want  string
	}{
		{LogQuery{}, "early error\nan error\nfine\n\nlast error\n"},
		{LogQuery{Since: since}, "an error\nfine\n\nlast error\n"},
		{LogQuery{Since: since, Grep: regexp.MustCompile("err.r$")}, "an error\nlast error\n"},
	} {
		for _, piece := range []int{1, 7, len(log)} {
			out := new(strings.Builder)
			filter := &logFilter{query: test.query, to: out}
			for rest := log; rest != ""; rest = rest[min(piece, len(rest)):] {
				fmt.Fprint(filter, rest[:min(piece, len(rest))])
			}
			filter.end()
			if out.String() != test.want {
				t.Errorf("%+v in pieces of %d: got %q, want %q", test.query, piece, out, test.want)
			}
		}
	}
}

func TestTail_KeepsTheLastBytesFromTheBeginningOfALine(t *testing.T) {
	kept := &tail{bytes: 30}
	for i := range 1000 {
		fmt.Fprintf(kept, "line %d\n", i)
	}
	if got, want := string(kept.lines()), "line 997\nline 998\nline 999\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	short := &tail{bytes: 30}
	fmt.Fprint(short, "all\nof it")
	if got := string(short.lines()); got != "all\nof it" {
		t.Errorf("got %q, want all of it", got)
	}
}

func TestKeptLogs_AreTheLastFewOfEachKindForTheOwnerAlone(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "logs")
	start := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	for i := range 20 {
		kind := []string{logOfRun, logOfFailure, logOfFailure, logOfFailure}[i%4]
		if err := writeKeptLog(hostFiles{}, folder, fmt.Sprintf("%02d", i), kind, start.Add(time.Duration(i)*time.Second), []byte("text")); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeKeptLog(hostFiles{}, folder, "silent", logOfRun, start, nil); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, log := range readKeptLogs(folder) {
		got = append(got, log.Revision)
		if info, err := os.Stat(log.path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v, want mode 0600", log.path, info, err)
		}
	}
	if want := "00 04 08 12 14 15 16 17 18 19"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want the last five of each kind", got)
	}
}

func TestLogQuery_ChoosesByKindOrRevision(t *testing.T) {
	kept := []keptLog{{Revision: "aa1", Kind: logOfRun}, {Revision: "bb1", Kind: logOfFailure}, {Revision: "aa2", Kind: logOfRun}}
	for _, test := range []struct {
		release, want string
		withRunning   bool
	}{
		{"", "", true}, {"previous", "aa2", false}, {"failed", "bb1", false}, {"all", "aa1 bb1 aa2", true},
		{"aa", "aa1 aa2", false}, {"cc", "", true}, {"d", "", false},
	} {
		chosen, withRunning := LogQuery{Release: test.release}.choose(kept, "cc1")
		var got []string
		for _, log := range chosen {
			got = append(got, log.Revision)
		}
		if strings.Join(got, " ") != test.want || withRunning != test.withRunning {
			t.Errorf("%q: got %q, %t, want %q, %t", test.release, got, withRunning, test.want, test.withRunning)
		}
	}
}
