package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"deux/internal/deploy/keptlog"
	"deux/internal/engine"
)

// keep keeps logs: of the first commit, that ran, of a candidate that failed, and
// of another that ran.
func (l *look) keep(t *testing.T) {
	t.Helper()
	for second, log := range []struct{ revision, kind, text string }{
		{l.commits[0], keptlog.Ran, "2026-01-02T03:00:00Z first\n"},
		{strings.Repeat("b", 40), keptlog.Failed, "2026-01-02T03:00:01Z no database\n2026-01-02T03:00:01Z ends\n"},
		{strings.Repeat("a", 40), keptlog.Ran, "2026-01-02T03:00:02Z another\n"},
	} {
		ended := time.Date(2026, 1, 2, 3, 1, second, 0, time.UTC)
		if err := l.keptLogs().Write(log.revision, log.kind, ended, []byte(log.text)); err != nil {
			t.Fatal(err)
		}
	}
}

// runs has the second commit run, and print.
func (l *look) runs(running bool) {
	l.docker.releases = []engine.Release{
		{ID: "candidate", Name: "blue-app-1027", Revision: l.commits[0], Running: true},
		{ID: "c0ffee", Name: "blue-app", Revision: l.commits[1], Running: running},
	}
	l.docker.prints = func(id string, _ time.Time, out io.Writer) error {
		_, err := fmt.Fprintf(out, "2026-01-02T03:00:03Z hello from %s\n", id)
		return err
	}
}

const (
	logFirst   = "==> blue FIRST, ran until 2026-01-02T03:01:00Z\nfirst\n"
	logFailed  = "==> blue bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, failed at 2026-01-02T03:01:01Z\nno database\nends\n"
	logAnother = "==> blue aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, ran until 2026-01-02T03:01:02Z\nanother\n"
	logRunning = "==> blue SECOND, runs\nhello from c0ffee\n"
)

func TestLogs_ShowWhatRunsAndWhatIsGone(t *testing.T) {
	l := looks(t)
	l.keep(t)
	l.runs(true)
	for _, test := range []struct {
		query LogQuery
		want  string
	}{
		{LogQuery{}, logRunning},
		{LogQuery{Release: "previous"}, logAnother},
		{LogQuery{Release: "failed"}, logFailed},
		{LogQuery{Release: "all"}, logFirst + logFailed + logAnother + logRunning},
		{LogQuery{Release: "11"}, logFirst},
		{LogQuery{Release: "22"}, logRunning},
		{LogQuery{Release: "failed", Grep: regexp.MustCompile("database")}, strings.TrimSuffix(logFailed, "ends\n")},
	} {
		if err := l.Logs(t.Context(), test.query); err != nil {
			t.Errorf("%+v: %v", test.query, err)
		}
		if got := l.text(); got != test.want {
			t.Errorf("%+v: got\n%swant\n%s", test.query, got, test.want)
		}
	}
	l.runs(false)
	if err := l.Logs(t.Context(), LogQuery{}); err != nil {
		t.Error(err)
	}
	if got, want := l.text(), strings.Replace(logRunning, ", runs", ", does not run", 1); got != want {
		t.Errorf("of one that has ended: got\n%swant\n%s", got, want)
	}
}

func TestLogs_ThatAreKeptAreShownWithoutDocker(t *testing.T) {
	l, away := looks(t), errors.New("no answer from Docker")
	l.keep(t)
	l.docker.away = away
	for _, test := range []struct {
		release, want string
		err           error
	}{
		{"previous", logAnother, nil},
		{"failed", logFailed, nil},
		{"11", logFirst, nil},
		{"all", logFirst + logFailed + logAnother, away},
		{"", "", away},
		{"22", "", away}, // which may be what runs
	} {
		err := l.Logs(t.Context(), LogQuery{Release: test.release})
		if got := l.text(); got != test.want || !errors.Is(err, test.err) {
			t.Errorf("%q: got %v and\n%swant %v and\n%s", test.release, err, got, test.err, test.want)
		}
	}
}

func TestLogs_OfWhichThereAreNoneSayWhichThereAre(t *testing.T) {
	const kept = "--release all shows the logs that are kept, of 111111111111 (ran), bbbbbbbbbbbb (failed), aaaaaaaaaaaa (ran)"
	for _, test := range []struct {
		what           string
		deployed, kept bool
		release, want  string
	}{
		{"before the first push", false, false, "", "nothing is deployed yet: git push blue main; no log is kept"},
		{"before the first that was not refused", false, true, "", "nothing is deployed yet: git push blue main; " + kept},
		{"while it does not run", true, false, "", "blue-app does not run (bin/deploy restore blue brings it back); no log is kept"},
		{"of another revision", true, true, "4995c8f", `blue has no log of "4995c8f": ` + kept},
		{"of none that failed", true, false, "failed", `blue has no log of "failed": no log is kept`},
	} {
		t.Run(test.what, func(t *testing.T) {
			l := looks(t)
			if test.deployed {
				l.deployed(t)
			}
			if test.kept {
				l.keep(t)
			}
			if err := l.Logs(t.Context(), LogQuery{Release: test.release}); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// follow is what happens while a person follows the logs: the app starts, gives
// way to the next push, whose log breaks off once.
type follow struct {
	*look
	stop   context.CancelFunc
	sinces []time.Time
}

func (f *follow) print(id string, since time.Time, out io.Writer) error {
	f.sinces = append(f.sinces, since)
	fmt.Fprintf(out, "2026-01-02T03:00:03Z hello from %s", id)
	switch len(f.sinces) {
	case 1:
		f.docker.releases = []engine.Release{{ID: "next", Name: "blue-app", Revision: f.commits[1], Running: true}}
	case 2:
		return errors.New("unexpected EOF")
	case 3:
		f.stop()
	}
	return nil
}

func TestLogs_AreFollowedFromReleaseToRelease(t *testing.T) {
	l := looks(t)
	old := engine.Release{ID: "old", Name: "blue-app", Revision: l.commits[0], Running: true}
	ended := old
	ended.Running = false
	l.docker.first, l.docker.releases = [][]engine.Release{nil, {ended}}, []engine.Release{old}
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		f := &follow{look: l, stop: stop}
		l.docker.prints = f.print
		if err := l.Logs(ctx, LogQuery{Follow: true, Since: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)}); err != nil {
			t.Errorf("got %v, want nil when the person ends it", err)
		}
		want := "==> blue FIRST, runs\nhello from old\n==> blue SECOND, runs\nhello from next\nwarning: unexpected EOF\n" +
			"==> blue SECOND, runs\nhello from next\n"
		if got := l.text(); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		if len(f.sinces) != 3 || f.sinces[0].Year() != 2026 || !f.sinces[1].IsZero() || f.sinces[2].IsZero() {
			t.Errorf("asked for what was printed since %v, want since what was asked for, all of the next, and what follows", f.sinces)
		}
	})
}

func TestLogs_AreFollowedNoLongerWithoutDocker(t *testing.T) {
	l := looks(t)
	l.docker.away = errors.New("no answer from Docker")
	if err := l.Logs(t.Context(), LogQuery{Follow: true}); !errors.Is(err, l.docker.away) {
		t.Errorf("got %v, want that Docker is away", err)
	}
}

func TestLogs_KeptOneThatAPushRemovesMeanwhileIsPassedOver(t *testing.T) {
	l := looks(t)
	l.keep(t)
	kept := l.keptLogs().All()
	if err := os.Remove(kept[0].Path); err != nil {
		t.Fatal(err)
	}
	if err := l.writeKept(LogQuery{}, kept[0]); err != nil || l.text() != "" {
		t.Errorf("got %v, want nothing", err)
	}
	folder := kept[0]
	folder.Path = filepath.Dir(kept[1].Path)
	if err := l.writeKept(LogQuery{}, folder); err == nil {
		t.Error("one that cannot be read: got nil, want why")
	}
}
