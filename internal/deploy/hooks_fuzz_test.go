package deploy

import (
	"slices"
	"strings"
	"testing"

	"deux/internal/deploy/repo"
)

// FuzzDeployable holds of what git writes to the hook post-receive, whatever
// names people give their branches: a ref that deploys counts exactly if a line
// of its own says that it moved and is not deleted, and main counts more.
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
		ref, err := deployable(strings.NewReader(lines))
		if err != nil {
			return // a line of 64 KB: no ref has one
		}
		want := ""
		for _, candidate := range deployedRefs {
			if want == "" && moves(lines, candidate) {
				want = candidate
			}
		}
		if ref != want {
			t.Fatalf("%q: got %q, want %q", lines, ref, want)
		}
	})
}

// moves reports whether a line says that the ref has moved.
func moves(lines, ref string) bool {
	return slices.ContainsFunc(strings.Split(lines, "\n"), func(line string) bool {
		words := strings.Fields(line)
		return len(words) == 3 && words[1] != repo.NoRevision && words[2] == ref
	})
}
