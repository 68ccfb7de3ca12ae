package deploy

import (
	"testing"
	"time"

	"deux/internal/deploy/ledger"
)

// built is a release that was built at that second.
func built(second int64, digest string) ledger.Record {
	return ledger.Record{Built: at(second), Revision: "r" + digest, Digest: digest, Result: ledger.Deployed}
}

func TestChoose_GoesBackInTimeUnlessARevisionIsNamed(t *testing.T) {
	others := []ledger.Record{built(30, "c"), built(10, "a"), built(20, "b")}
	for _, test := range []struct {
		running  int64
		revision string
		want     string
	}{{40, "", "c"}, {25, "", "b"}, {20, "", "a"}, {25, "rc", "c"}, {40, "rb", "b"}, {5, "", ""}, {40, "z", ""}} {
		got, err := choose(others, at(test.running), test.revision)
		if got.Digest != test.want || (err == nil) != (test.want != "") {
			t.Errorf("running since %d, asked for %q: got %q, %v, want %q", test.running, test.revision, got.Digest, err, test.want)
		}
	}
}

func at(second int64) time.Time { return time.Unix(1_000_000+second, 0) }
