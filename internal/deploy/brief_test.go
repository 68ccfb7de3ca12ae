package deploy

import (
	"math"
	"testing"
	"time"

	"deux/internal/deploy/ledger"
)

func TestRecord_FitsTheTerminal(t *testing.T) {
	r := ledger.Record{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local), Revision: "4995c8f1d3b0", Who: "margarete@192.0.2.7",
		Subject: "Sort the visitors by the time of their last visit", Result: ledger.RolledBack,
		Steps: []ledger.StepTime{{Step: "build", Seconds: 1.25}, {Step: "push", Seconds: 0.5}},
	}
	for width, want := range map[int]string{
		80:  "2026-01-02 03:04 ROLLED BACK 4995c8f   1.8 s margare… Sort the visitors by the …",
		200: "2026-01-02 03:04 ROLLED BACK 4995c8f   1.8 s margare… Sort the visitors by the time of their last visit",
		20:  "2026-01-02 03:04 RO…",
	} {
		if got := brief(r, width); got != want {
			t.Errorf("in %d columns: got\n%q, want\n%q", width, got, want)
		}
	}
	r.Why, r.Result, r.Changes = "health: the container ended with exit code 1", ledger.Failed, []string{"+A", "-B"}
	want := "2026-01-02 03:04 FAILED      4995c8f   1.8 s margare… +A -B\n    health: the container ended with exit code 1"
	if got := brief(r, 80); got != want {
		t.Errorf("a failure: got\n%q, want\n%q", got, want)
	}
}

func TestRecord_HasItsWholeReasonAtAnyWidth(t *testing.T) {
	r := ledger.Record{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local), Revision: "4995c8f1d3b0", Who: "ann", Subject: "broken",
		Result: ledger.Failed, Why: "build: dockerfile parse error line 1: unknown instruction: FÖRM in sha256:4995c8f1d3b04995c8f1d3b0",
	}
	const row = "2026-01-02 03:04 FAILED      4995c8f   0.0 s ann      broken\n"
	for width, want := range map[int]string{
		math.MaxInt: row + "    " + r.Why,
		62: row +
			"    build: dockerfile parse error line 1: unknown instruction:\n" +
			"    FÖRM in sha256:4995c8f1d3b04995c8f1d3b0",
		67: row +
			"    build: dockerfile parse error line 1: unknown instruction: FÖRM\n" +
			"    in sha256:4995c8f1d3b04995c8f1d3b0",
		20: "2026-01-02 03:04 FA…\n" +
			"    build:\n    dockerfile parse\n    error line 1:\n    unknown\n    instruction:\n    FÖRM in\n" +
			"    sha256:4995c8f1d3b04995c8f1d3b0",
	} {
		if got := brief(r, width); got != want {
			t.Errorf("in %d columns: got\n%s\nwant\n%s", width, got, want)
		}
	}
}
