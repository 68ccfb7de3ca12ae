package deploy

import (
	"slices"
	"strings"
	"testing"

	"deux/internal/deploy/repo"
)

// FuzzDeployable holds of what git writes to the hook post-receive, whatever
// names people give their branches: a ref that deploys counts exactly if a line
// of its own says that it moved and is not deleted, and main counts more. A
// deletion of one is noticed.
func FuzzDeployable(f *testing.F) {
	one := strings.Repeat("1", 40)
	for _, lines := range []string{
		"", "\n", one + " " + one + " refs/heads/main\n", one + " " + repo.NoRevision + " refs/heads/main\n",
		one + " " + one + " refs/heads/master\n" + one + " " + one + " refs/heads/main\n",
		one + " " + one + " refs/heads/main refs/heads/main\n", one + " " + one + " refs/heads/maïn\n", "refs/heads/main",
	} {
		f.Add(lines)
	}
	f.Fuzz(func(t *testing.T, lines string) {
		ref, deleted, err := deployable(strings.NewReader(lines))
		if err != nil {
			return // a line of 64 KB: no ref has one
		}
		want, gone := "", false
		for _, candidate := range deployedRefs {
			if want == "" && moves(lines, candidate, false) {
				want = candidate
			}
			gone = gone || moves(lines, candidate, true)
		}
		if ref != want || deleted != gone {
			t.Fatalf("%q: got %q, deleted: %v, want %q, %v", lines, ref, deleted, want, gone)
		}
	})
}

// moves reports whether a line says that the ref has moved, or was deleted.
func moves(lines, ref string, deleted bool) bool {
	return slices.ContainsFunc(strings.Split(lines, "\n"), func(line string) bool {
		words := strings.Fields(line)
		return len(words) == 3 && (words[1] == repo.NoRevision) == deleted && words[2] == ref
	})
}
