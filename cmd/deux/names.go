package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"deux/internal/settings"
)

// scripts are the settings that only scripts read.
var scripts = []string{"HOST_NAME", "REDIS_PASSWORD_FILE", "VERBOSE"}

// others are the beginnings of names that tools read which the scripts call.
var others = []string{"BUILDKIT_", "BUILDX_", "COMPOSE_", "DOCKER_", "GF_", "GIT_", "GO", "HTTP", "NO_PROXY", "TMPDIR"}

// known returns the names of all settings, once env has read them.
func known(env *settings.Reader) []string {
	names := slices.DeleteFunc(slices.Collect(maps.Keys(env.Defaults())), func(name string) bool {
		return slices.Contains(inside, name)
	})
	names = append(names, scripts...)
	slices.Sort(names)
	return slices.Compact(names)
}

// warnings returns a line for each name in .env that nothing reads. They are no
// failures: other tools may have their variables there.
func warnings(known []string) (lines []string) {
	program, err := os.Executable()
	if err != nil {
		return nil
	}
	content, err := os.ReadFile(filepath.Join(filepath.Dir(filepath.Dir(program)), ".env"))
	if err != nil {
		return nil
	}
	for _, name := range unread(string(content), known) {
		line := "warning: nothing reads " + name + ", which .env sets"
		if near := nearest(name, known); near != "" {
			line += fmt.Sprintf(": did you mean %s?", near)
		}
		lines = append(lines, line)
	}
	return lines
}

// unread returns the names that a file of lines NAME=value sets and that nobody
// knows.
func unread(file string, known []string) (names []string) {
	for line := range strings.Lines(file) {
		name, _, is := strings.Cut(strings.TrimSpace(line), "=")
		if is && !strings.HasPrefix(name, "#") && !slices.Contains(known, name) && !isOther(name) {
			names = append(names, name)
		}
	}
	return names
}

// isOther reports whether a tool that the scripts call reads the name.
func isOther(name string) bool {
	return slices.ContainsFunc(others, func(start string) bool { return strings.HasPrefix(name, start) })
}

// farthest is how many letters a name that was meant may differ in.
const farthest = 3

// nearest returns the known name that differs in the fewest letters, or "".
func nearest(name string, known []string) (near string) {
	best := farthest + 1
	for _, candidate := range known {
		if d := distance(strings.ToUpper(name), candidate); d < best {
			near, best = candidate, d
		}
	}
	return near
}

// distance returns how many letters have to be added, removed or changed to
// make a of b (Levenshtein's).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
