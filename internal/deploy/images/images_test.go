package images

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"deux/internal/deploy/layers"
	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

const repository = "localhost:5000/blue-registry"

// host has images, each under the names of a push of the release, and a registry
// with the same releases. It fails at what is in fails.
type host struct {
	images     [][]string
	registered []string
	fails      string
}

// hostOf returns a host with these releases.
func hostOf(releases ...string) *host {
	h := &host{registered: releases}
	for _, release := range releases {
		h.images = append(h.images, []string{repository + ":" + release, repository + "@sha256:" + release})
	}
	return h
}

func (h *host) Images(_ context.Context, colour string) (all []engine.Image, err error) {
	if h.fails == "list" || colour != "blue" {
		return nil, errors.New("no list")
	}
	for _, names := range h.images {
		all = append(all, engine.Image{Names: slices.Clone(names)})
	}
	return all, nil
}

func (h *host) Untag(_ context.Context, name string) error {
	if h.fails == name {
		return errors.New("no untag of " + name)
	}
	for i, names := range h.images {
		h.images[i] = slices.DeleteFunc(names, func(n string) bool { return n == name })
	}
	return nil
}

func (h *host) Unregister(_ context.Context, of, digest string) error {
	release := strings.TrimPrefix(digest, "sha256:")
	if h.fails == "registry" || of != repository {
		return errors.New("no answer from the registry")
	}
	h.registered = slices.DeleteFunc(slices.Clone(h.registered), func(r string) bool { return r == release })
	return nil
}

func (h *host) RemoveLayer(context.Context, string, time.Time) (bool, error) { return true, nil }

// left are the names that images still have.
func (h *host) left() string { return strings.Join(slices.Concat(h.images...), " ") }

// prune keeps these releases on the host.
func (h *host) prune(t *testing.T, kept ...string) error {
	t.Helper()
	var records []ledger.Record
	for _, release := range kept {
		records = append(records, ledger.Record{Revision: release, Digest: "sha256:" + release})
	}
	return h.of(t).Prune(t.Context(), records)
}

func (h *host) of(t *testing.T) Images {
	t.Helper()
	written := ledger.At(t.TempDir())
	if err := written.Make(); err != nil {
		t.Fatal(err)
	}
	return Images{Docker: h, Layers: layers.In(written), Colour: "blue", Repository: repository}
}

func names(releases ...string) string {
	return strings.Join(slices.Concat(hostOf(releases...).images...), " ")
}

func TestImages_ThatAreNotKeptGoHereAndInTheRegistry(t *testing.T) {
	h := hostOf("one", "two", "three")
	if err := h.prune(t, "two"); err != nil || h.left() != names("two") || !slices.Equal(h.registered, []string{"two"}) {
		t.Errorf("got %v, %q here, %q in the registry, want two alone", err, h.left(), h.registered)
	}
}

func TestImages_KeepTheirNamesWhileTheRegistryIsAway(t *testing.T) {
	h := hostOf("one", "two")
	h.fails = "registry"
	if err := h.prune(t, "two"); err == nil || h.left() != names("one", "two") {
		t.Errorf("got %v and %q, want the registry's error and all names", err, h.left())
	}
	h.fails = ""
	if err := h.prune(t, "two"); err != nil || h.left() != names("two") {
		t.Errorf("the next time: got %v and %q, want two alone", err, h.left())
	}
}

func TestImages_ThatOneCannotGoKeepsNoOther(t *testing.T) {
	h := hostOf("one", "two", "three")
	h.fails = repository + ":one"
	if err := h.prune(t); err == nil || h.left() != repository+":one" {
		t.Errorf("got %v and %q, want the error of one and its name", err, h.left())
	}
}

func TestImages_StayIfTheyCannotBeListed(t *testing.T) {
	h := hostOf("one")
	h.fails = "list"
	if err := h.prune(t); err == nil || h.left() != names("one") {
		t.Errorf("got %v and %q, want the error and the image", err, h.left())
	}
}

func TestImages_AreAllRemovedFromTheHost(t *testing.T) {
	h := hostOf("one", "two")
	h.images[0] = append(h.images[0], "person/copy:1")
	if err := h.of(t).RemoveAll(t.Context()); err != nil || h.left() != "person/copy:1" || len(h.registered) != 2 {
		t.Errorf("got %v, %q here, %q in the registry, want a person's name here and both there", err, h.left(), h.registered)
	}
}

// The history has digests, too, of images that somebody has removed from the host.
func TestImages_AreAllRemovedFromTheRegistry(t *testing.T) {
	h := hostOf("one", "two", "three")
	h.images = h.images[:2]
	past := []ledger.Record{{Digest: "sha256:three"}, {Result: ledger.Failed}, {Digest: "sha256:two"}}
	h.fails = "registry"
	if err := h.of(t).UnregisterAll(t.Context(), past); err == nil || err.Error() != "no answer from the registry" {
		t.Errorf("without an answer: got %v, want that said once", err)
	}
	h.fails = ""
	if err := h.of(t).UnregisterAll(t.Context(), past); err != nil || len(h.registered) > 0 || h.left() != names("one", "two") {
		t.Errorf("got %v, %q here, %q in the registry, want all here and none there", err, h.left(), h.registered)
	}
}
