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

// The classic builder leaves an unnamed, unlabelled image for every step. It
// prints their ids, so a list is kept of which push saw which, and an image goes
// when no kept release has seen it. BuildKit leaves none, and looks after its
// cache itself.

// layer is one image that a build printed.
type layer struct {
	seen     time.Time // when the build started
	revision string
	id       string
}

// layers is the list, a line for each layer: Unix time, revision, id.
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

// remover removes an unnamed image that was made after a time, and reports
// whether it is gone.
type remover interface {
	RemoveLayer(ctx context.Context, id string, after time.Time) (gone bool, err error)
}

// prune removes the images that no build of the revisions to keep has seen. An
// image older than the first build that saw it is somebody else's, and stays.
func (l layers) prune(ctx context.Context, docker remover, keep []string) error {
	var left []layer
	done := make(map[string]bool)
	all := l.read()
	slices.Reverse(all) // later layers are built on earlier ones
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

// buildOutput passes a build's output on, and remembers its last line and the
// ids that the classic builder prints.
type buildOutput struct {
	to       io.Writer
	layers   layers
	revision string
	begun    time.Time
	partial  []byte
	last     string // the last line that was not empty
}

// printedID matches the line in which the classic builder prints an image's id.
var printedID = regexp.MustCompile(`^ ---> ([0-9a-f]{12})$`)

// longLine is how many bytes of a line are remembered.
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
