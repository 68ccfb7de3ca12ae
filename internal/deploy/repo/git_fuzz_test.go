package repo

import (
	"slices"
	"strings"
	"testing"
)

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
