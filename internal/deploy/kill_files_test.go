package deploy

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"deux/internal/deploy/keptlog"
	"deux/internal/deploy/ledger"
)

// checksOut fails unless the next push finds a folder for its files, whatever
// the dead one left there, and they alone are in it afterwards.
func (w *world) checksOut(when string) {
	w.Helper()
	if err := w.push(&fate{at: never}, w.revisions[0]); err != nil {
		w.Errorf("%s, the next push: %v\n%s", when, err, w.out)
		return
	}
	found, _ := filepath.Glob(w.colour.www + "*/*")
	content, _ := os.ReadFile(filepath.Join(w.colour.www, "Dockerfile"))
	if len(found) != 2 || string(content) != "0" {
		w.Errorf("%s, the next push checks out %q, Dockerfile %q, want that with 0, and since-0", when, found, content)
	}
}

// unkept are the containers that are gone and whose logs are not kept whole.
func (w *world) unkept(ran []box) (problems []string) {
	kept := make(map[string]bool)
	for _, log := range keptlog.In(ledger.At(w.colour.git).Path(ledger.Logs), hostFiles{}).All() {
		content, err := os.ReadFile(log.Path)
		if err != nil || !strings.HasPrefix(string(content), "hello from ") || !strings.HasSuffix(string(content), "\n") {
			problems = append(problems, fmt.Sprintf("the kept log %s has %q, %v", log.Path, content, err))
		}
		kept[log.Revision] = true
	}
	for _, b := range ran {
		if !kept[b.Revision] && !slices.ContainsFunc(w.daemon.boxes, func(now box) bool { return now.ID == b.ID }) {
			problems = append(problems, fmt.Sprintf("%s of %s is gone, and no log of it is kept", b.ID, b.Revision))
		}
	}
	return problems
}
