package deploy

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"deux/internal/deploy/keptlog"
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

func TestLogQuery_ChoosesByKindOrRevision(t *testing.T) {
	kept := []keptlog.Log{{Revision: "aa1", Kind: keptlog.Ran}, {Revision: "bb1", Kind: keptlog.Failed}, {Revision: "aa2", Kind: keptlog.Ran}}
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
