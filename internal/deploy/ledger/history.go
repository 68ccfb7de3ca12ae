package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// Results of a deployment: of a push, or of a command run instead.
const (
	Deployed   = "DEPLOYED"
	Failed     = "FAILED"
	RolledBack = "ROLLED BACK"
	Forwarded  = "ROLLED FORWARD"
	Restored   = "RESTORED"
	Configured = "CONFIGURED"
)

// Record is one deployment as the history keeps it, from its first step on.
type Record struct {
	Time     time.Time  `json:"time"`  // when it started, UTC
	Built    time.Time  `json:"built"` // when the push that built its image started
	Ref      string     `json:"ref"`
	Revision string     `json:"revision"`
	Subject  string     `json:"subject,omitempty"` // the first line of the commit's message
	Digest   string     `json:"digest,omitempty"`  // sha256:…, of the image in the registry
	Who      string     `json:"who"`
	Steps    []StepTime `json:"steps,omitempty"`
	Changes  []string   `json:"changes,omitempty"` // what the app is given: +NAME or -NAME, never a value
	Aim      string     `json:"aim,omitempty"`     // the result when all goes well; empty for Deployed
	Result   string     `json:"result,omitempty"`  // empty while under way
	Why      string     `json:"why,omitempty"`     // why it failed
}

// StepTime says how long a step took.
type StepTime struct {
	Step    string  `json:"step"`
	Seconds float64 `json:"seconds"`
}

// String returns all that is known of the deployment in one line, for scripts:
// two spaces separate its fields, and no field has them.
func (r Record) String() string {
	digest := r.Digest
	if digest == "" {
		digest = "-"
	}
	line := []string{r.Time.Format(time.RFC3339), strings.ReplaceAll(r.Result, " ", "-"), r.Revision, digest, r.Who}
	line = append(line, r.Changes...)
	for _, step := range r.Steps {
		line = append(line, fmt.Sprintf("%s=%.2f", step.Step, step.Seconds))
	}
	line = append(line, fmt.Sprintf("total=%.2f", r.Seconds()))
	if r.Subject != "" {
		line = append(line, "subject: "+strings.Join(strings.Fields(r.Subject), " "))
	}
	if r.Why != "" {
		line = append(line, "why: "+r.Why)
	}
	return strings.Join(line, "  ")
}

// Seconds returns how long all steps took.
func (r Record) Seconds() (total float64) {
	for _, step := range r.Steps {
		total += step.Seconds
	}
	return total
}

// historyMode is for the owner alone: why a push failed may quote the app or its
// build, and so a secret.
const historyMode = 0o600

// Append adds a record to the history, unless it is already the last one there:
// the process that added it may have been killed right after.
func (l *Ledger) Append(r Record) error {
	if past, err := l.History(); err == nil && len(past) > 0 && past[len(past)-1].same(r) {
		return nil
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := l.appendTo(historyFile, append(line, '\n'), historyMode); err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

// History returns all records, oldest first. It skips a line that is not a
// record, such as the half that a full disk left.
func (l *Ledger) History() ([]Record, error) {
	content, err := os.ReadFile(l.Path(historyFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	var all []Record
	for line := range bytes.Lines(content) { // of any length: a commit's message has no limit
		var r Record
		if json.Unmarshal(line, &r) == nil && r.Revision != "" {
			all = append(all, r)
		}
	}
	return all, nil
}

// same reports whether both are of the same deployment with the same end.
func (r Record) same(other Record) bool {
	return r.Time.Equal(other.Time) && r.Built.Equal(other.Built) && r.Ref == other.Ref && r.Revision == other.Revision &&
		r.Result == other.Result && slices.Equal(r.Changes, other.Changes)
}

// MovedRef reports whether this was a push that moved its ref, which now holds that
// revision: it was deployed, or it failed and what it brought is just what the ref
// holds. A forward counts too, because it runs what a push brought.
func (r Record) MovedRef(holds string) bool {
	if r.Result == Failed {
		return r.Aim == "" && r.Revision == holds
	}
	return r.Ref != "" && (r.Result == Deployed || r.Result == Forwarded)
}

// Releases returns the last releases that ran, newest first, each image once, at
// most keep of them.
func Releases(all []Record, keep int) []Record {
	var last []Record
	seen := make(map[string]bool)
	for i := len(all) - 1; i >= 0 && len(last) < keep; i-- {
		if all[i].Result == Failed || all[i].Digest == "" || seen[all[i].Digest] {
			continue
		}
		seen[all[i].Digest] = true
		last = append(last, all[i])
	}
	return last
}
