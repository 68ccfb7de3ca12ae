// Package layers removes what Docker's classic builder leaves behind: an
// unnamed, unlabelled image for every step. The builder prints their ids, so a
// list is kept of which push saw which, and an image goes when no kept release
// has seen it. BuildKit leaves none and looks after its cache itself: with the
// last classic builder this package can go.
package layers

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"deux/internal/deploy/ledger"
)

// layer is one image that a build printed.
type layer struct {
	seen     time.Time // when the build started
	revision string
	id       string
}

// List is a colour's list on disk, a line for each layer: Unix time, revision,
// id.
type List struct{ ledger *ledger.Ledger }

// In returns the list that is kept in a ledger.
func In(ledger *ledger.Ledger) List { return List{ledger} }

func (l List) path() string { return l.ledger.Path(ledger.Layers) }

func (l List) add(entry layer) error {
	return l.ledger.AppendTo(ledger.Layers, fmt.Appendln(nil, entry.seen.Unix(), entry.revision, entry.id))
}

func (l List) read() []layer {
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

func (l List) write(all []layer) error {
	var text bytes.Buffer
	for _, entry := range all {
		fmt.Fprintln(&text, entry.seen.Unix(), entry.revision, entry.id)
	}
	return l.ledger.Replace(ledger.Layers, text.Bytes())
}

// Remover removes an unnamed image that was made after a time, and reports
// whether it is gone.
type Remover interface {
	RemoveLayer(ctx context.Context, id string, after time.Time) (gone bool, err error)
}

// Prune removes the images that no build of the revisions to keep has seen. An
// image older than the first build that saw it is somebody else's, and stays. An
// image that cannot go yet is tried again next time. The error is Docker's, or
// that of writing the list.
func (l List) Prune(ctx context.Context, docker Remover, keep []string) error {
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
