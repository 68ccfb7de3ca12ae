package deploy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Results of a push, or of what a person did instead of one.
const (
	deployed   = "DEPLOYED"
	failed     = "FAILED"
	rolledBack = "ROLLED BACK"
	forwarded  = "ROLLED FORWARD"
	restored   = "RESTORED"
	configured = "CONFIGURED"
)

// record is one push, from its first step on.
type record struct {
	Time     time.Time  `json:"time"`  // when it began, UTC
	Built    time.Time  `json:"built"` // when the push that built its image began
	Ref      string     `json:"ref"`
	Revision string     `json:"revision"`
	Subject  string     `json:"subject,omitempty"` // the first line of the commit's message
	Digest   string     `json:"digest,omitempty"`  // sha256:…, of the image in the registry
	Who      string     `json:"who"`
	Steps    []stepTime `json:"steps,omitempty"`
	Changes  []string   `json:"changes,omitempty"` // of what the app is given: +NAME or -NAME, never a value
	Result   string     `json:"result,omitempty"`  // empty while under way
	Why      string     `json:"why,omitempty"`     // of a failure
}

// stepTime says how long a step took.
type stepTime struct {
	Step    string  `json:"step"`
	Seconds float64 `json:"seconds"`
}

// String is the push in one line with all that is known, as scripts read it.
func (r record) String() string {
	digest := r.Digest
	if digest == "" {
		digest = "-"
	}
	line := []string{r.Time.Format(time.RFC3339), strings.ReplaceAll(r.Result, " ", "-"), r.Revision, digest, r.Who}
	line = append(line, r.Changes...)
	for _, step := range r.Steps {
		line = append(line, fmt.Sprintf("%s=%.2f", step.Step, step.Seconds))
	}
	line = append(line, fmt.Sprintf("total=%.2f", r.seconds()))
	if r.Subject != "" {
		line = append(line, "subject: "+r.Subject)
	}
	if r.Why != "" {
		line = append(line, "why: "+r.Why)
	}
	return strings.Join(line, "  ")
}

// history is every push of a colour, oldest first, one JSON object a line.
type history struct{ path string }

// add appends a record. It is one write, so that a reader sees whole lines.
func (h history) add(r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(h.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	defer file.Close()
	_, err = file.Write(append(line, '\n'))
	return err
}

// read returns all records. A line that is none, such as the half of one that
// a full disk left, is passed over.
func (h history) read() ([]record, error) {
	content, err := os.ReadFile(h.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	var all []record
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		var r record
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.Revision != "" {
			all = append(all, r)
		}
	}
	return all, nil
}

// releases returns the last releases that ran, newest first, each image once:
// at most keep of them.
func releases(all []record, keep int) []record {
	var last []record
	seen := make(map[string]bool)
	for i := len(all) - 1; i >= 0 && len(last) < keep; i-- {
		if all[i].Result == failed || all[i].Digest == "" || seen[all[i].Digest] {
			continue
		}
		seen[all[i].Digest] = true
		last = append(last, all[i])
	}
	return last
}

// writeJSON replaces a file by the value as JSON.
func writeJSON(path string, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return replaceFile(path, append(content, '\n'))
}

// replaceFile writes a file in one step: who reads it, or dies, sees the old
// content or the new, whole.
func replaceFile(path string, content []byte) error { return replaceFileMode(path, content, 0o644) }

// replaceFileMode is replaceFile for who may read it.
func replaceFileMode(path string, content []byte, mode os.FileMode) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path))
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	if err := errors.Join(err, temporary.Chmod(mode), temporary.Close()); err != nil {
		_ = os.Remove(temporary.Name())
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// readJSON reads a file that writeJSON wrote and tells whether there is one.
func readJSON(path string, value any) bool {
	content, err := os.ReadFile(path)
	return err == nil && json.Unmarshal(content, value) == nil
}
