package deploy

import (
	"slices"
	"strings"
	"testing"
)

// FuzzDeployable holds of what git writes to the hook post-receive, whatever
// names people give their branches: a ref that deploys counts exactly if a line
// of its own says that it moved and is not deleted, and main counts more.
func FuzzDeployable(f *testing.F) {
	one := strings.Repeat("1", 40)
	for _, lines := range []string{
		"", "\n", one + " " + one + " refs/heads/main\n", one + " " + noRevision + " refs/heads/main\n",
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
		return len(words) == 3 && words[1] != noRevision && words[2] == ref
	})
}

// FuzzSubmodulesIn holds that a submodule is found whatever its path and its
// neighbours', and that nothing in a file's path passes for one.
func FuzzSubmodulesIn(f *testing.F) {
	for _, paths := range [][2]string{
		{"lib", "main.go"}, {"a\tb", "160000 commit 1\tx"}, {"a\nb", "\n160000 "}, {"☃", "-"}, {"", "\xff"},
	} {
		f.Add(paths[0], paths[1])
	}
	f.Fuzz(func(t *testing.T, submodule, file string) {
		if strings.Contains(submodule+file, "\x00") {
			return // no path has one (path_resolution(7))
		}
		object := strings.Repeat("1", 40)
		output := "100644 blob " + object + "\t" + file + "\x00160000 commit " + object + "\t" + submodule + "\x00"
		if got := submodulesIn(output + output); !slices.Equal(got, []string{submodule, submodule}) {
			t.Fatalf("%q: got %q, want %q twice", output, got, submodule)
		}
	})
}
