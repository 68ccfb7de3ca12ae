// Package appenv is what a person configured an app with: variables for its
// environment and files under /run/secrets, kept in a folder beside the app's
// repository. It knows files, but neither Docker nor Redis.
//
// A configuration never changes: a change makes a new one, a generation, which
// is the current one once Use names it. So a process that dies in between leaves
// the old one or the new one, and a container that mounts the files of a
// generation keeps seeing those.
package appenv

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// Configuration is what an app gets besides its image. Variables and files share
// one namespace: no name is both.
type Configuration struct {
	Variables map[string]string
	Files     map[string][]byte // by their names under /run/secrets
}

// Change is a change of a configuration: everything in Set is set, and then the
// names in Unset are removed.
type Change struct {
	Set   Configuration
	Unset []string
}

// Names returns the names of all variables and files, sorted.
func (c Configuration) Names() []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(c.Variables)), maps.Keys(c.Files))
	slices.Sort(names)
	return names
}

// Environment returns the variables as NAME=value, sorted by name.
func (c Configuration) Environment() []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(c.Variables)) {
		lines = append(lines, name+"="+c.Variables[name])
	}
	return lines
}

// String gives counts, and shows no value.
func (c Configuration) String() string {
	return count(len(c.Variables), "variable") + ", " + count(len(c.Files), "file")
}

// GoString is String, so that %#v shows no value either.
func (c Configuration) GoString() string { return c.String() }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// With returns the configuration after the change, and what changes: +NAME for
// a new name or value, -NAME for a name that is gone. It fails if a name or
// value is not allowed, or if a name to unset is not set.
func (c Configuration) With(change Change) (Configuration, []string, error) {
	if err := change.Set.check(); err != nil {
		return c, nil, err
	}
	next := c.clone()
	for name, value := range change.Set.Variables {
		next.remove(name)
		next.Variables[name] = value
	}
	for name, content := range change.Set.Files {
		next.remove(name)
		next.Files[name] = content
	}
	for _, name := range change.Unset {
		if !next.remove(name) {
			return c, nil, errNotSet
		}
	}
	return next, difference(c, next), next.checkSize()
}

func (c Configuration) clone() Configuration {
	next := Configuration{maps.Clone(c.Variables), maps.Clone(c.Files)}
	if next.Variables == nil {
		next.Variables = make(map[string]string)
	}
	if next.Files == nil {
		next.Files = make(map[string][]byte)
	}
	return next
}

// remove removes a name and reports whether it was set.
func (c Configuration) remove(name string) bool {
	was := c.has(name)
	delete(c.Variables, name)
	delete(c.Files, name)
	return was
}

func difference(old, next Configuration) []string {
	var changes []string
	for _, name := range next.Names() {
		if !same(old, next, name) {
			changes = append(changes, "+"+name)
		}
	}
	for _, name := range old.Names() {
		if !next.has(name) {
			changes = append(changes, "-"+name)
		}
	}
	return changes
}

func (c Configuration) has(name string) bool {
	_, variable := c.Variables[name]
	_, file := c.Files[name]
	return variable || file
}

func same(a, b Configuration, name string) bool {
	value, variable := a.Variables[name]
	otherValue, otherVariable := b.Variables[name]
	content, file := a.Files[name]
	otherContent, otherFile := b.Files[name]
	return variable == otherVariable && value == otherValue && file == otherFile && bytes.Equal(content, otherContent)
}
