package deploy

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"deux/internal/deploy/ledger"
)

// The classic builder leaves an image without a name for every step, and it
// labels none of them. It prints their ids, so a list is kept of which push
// saw which, and an image goes when no release that is kept has seen it.
// BuildKit leaves none, and looks after its cache itself.

// layer is one image that a build printed.
type layer struct {
	seen     time.Time // when the build began
	revision string
	id       string
}

// layers is the list, one line each: Unix time, revision, id.
type layers struct{ ledger *ledger.Ledger }

func (l layers) path() string { return l.ledger.Path(ledger.Layers) }

func (l layers) add(entry layer) error {
	return l.ledger.AppendTo(ledger.Layers, fmt.Appendln(nil, entry.seen.Unix(), entry.revision, entry.id))
}

func (l layers) read() []layer {
	content, _ := os.ReadFile(l.path())
	var all []layer
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 {
			continue
		}
		if seconds, err := strconv.ParseInt(fields[0], 10, 64); err == nil {
			all = append(all, layer{time.Unix(seconds, 0), fields[1], fields[2]})
		}
	}
	return all
}

func (l layers) write(all []layer) error {
	var text bytes.Buffer
	for _, entry := range all {
		fmt.Fprintln(&text, entry.seen.Unix(), entry.revision, entry.id)
	}
	return l.ledger.Replace(ledger.Layers, text.Bytes())
}

// remover removes an image without a name that was made after a time, and
// tells whether it is gone.
type remover interface {
	RemoveLayer(ctx context.Context, id string, after time.Time) (gone bool, err error)
}

// prune removes the images that only builds of other revisions than these have
// seen. One that was there before the first build that saw it is a stranger's.
func (l layers) prune(ctx context.Context, docker remover, keep []string) error {
	var left []layer
	done := make(map[string]bool)
	all := l.read()
	slices.Reverse(all) // what was built last is built on the others
	for i, entry := range all {
		if done[entry.id] {
			continue
		}
		done[entry.id] = true
		group := slices.DeleteFunc(slices.Clone(all[i:]), func(other layer) bool { return other.id != entry.id })
		first := group[len(group)-1]
		kept := slices.DeleteFunc(group, func(other layer) bool {
			return other != first && !slices.Contains(keep, other.revision)
		})
		if slices.ContainsFunc(kept, func(other layer) bool { return slices.Contains(keep, other.revision) }) {
			left = append(left, kept...)
			continue
		}
		gone, err := docker.RemoveLayer(ctx, entry.id, first.seen)
		if err != nil {
			return err
		}
		if !gone {
			left = append(left, first)
		}
	}
	slices.SortStableFunc(left, func(a, b layer) int { return a.seen.Compare(b.seen) })
	return l.write(left)
}

// buildOutput hands a build's output on while it remembers the last line and
// the ids that the classic builder prints.
type buildOutput struct {
	to       io.Writer
	layers   layers
	revision string
	begun    time.Time
	partial  []byte
	last     string // that was not empty
}

// printedID is a line of the classic builder's.
var printedID = regexp.MustCompile(`^ ---> ([0-9a-f]{12})$`)

// longLine bounds what is remembered of a line, in bytes.
const longLine = 4 << 10

func (b *buildOutput) Write(text []byte) (int, error) {
	for rest := text; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		if room := longLine - len(b.partial); room > 0 {
			b.partial = append(b.partial, line[:min(len(line), room)]...)
		}
		if whole {
			b.line(string(b.partial))
			b.partial = b.partial[:0]
		}
		rest = after
	}
	return b.to.Write(text)
}

func (b *buildOutput) line(line string) {
	if match := printedID.FindStringSubmatch(line); match != nil {
		_ = b.layers.add(layer{b.begun, b.revision, match[1]})
	}
	if line = strings.TrimSpace(line); line != "" {
		b.last = line
	}
}
