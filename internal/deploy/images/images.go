// Package images removes the images of releases that are no longer kept, here
// and in the registry, with the layers that their builds left. What somebody
// else built on one of them, or gave another name, stays.
package images

import (
	"context"
	"errors"
	"slices"
	"strings"

	"deux/internal/deploy/layers"
	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

// Docker is what is asked of the engine.
type Docker interface {
	Images(ctx context.Context, colour string) ([]engine.Image, error)
	Untag(ctx context.Context, reference string) error
	Unregister(ctx context.Context, repository, digest string) error
	layers.Remover
}

// Images is the images that the pushes to one colour made.
type Images struct {
	Docker     Docker
	Layers     layers.List
	Colour     string
	Repository string // their name in the registry, without a tag
}

// Prune removes the images of every release that is not among the kept.
func (s Images) Prune(ctx context.Context, kept []ledger.Record) error {
	return s.removeBut(ctx, kept, func(image engine.Image) error {
		if err := s.unregister(ctx, image); err != nil {
			return err // its names on this host are all that the next prune finds it by
		}
		return s.untag(ctx, image)
	})
}

// RemoveAll removes the images of every release from this host.
func (s Images) RemoveAll(ctx context.Context) error {
	return s.removeBut(ctx, nil, func(image engine.Image) error { return s.untag(ctx, image) })
}

// UnregisterAll removes the images of every release from the registry: those that
// this host has, and those of past. It ends with the first error, because a
// registry that is away would be waited for each time.
func (s Images) UnregisterAll(ctx context.Context, past []ledger.Record) error {
	all, err := s.Docker.Images(ctx, s.Colour)
	if err != nil {
		return err
	}
	var digests []string
	for _, image := range all {
		digests = append(digests, s.digests(image)...)
	}
	for _, release := range ledger.Releases(past, len(past)) {
		digests = append(digests, release.Digest)
	}
	slices.Sort(digests)
	for _, digest := range slices.Compact(digests) {
		if err := s.Docker.Unregister(ctx, s.Repository, digest); err != nil {
			return err
		}
	}
	return nil
}

func (s Images) removeBut(ctx context.Context, kept []ledger.Record, remove func(engine.Image) error) error {
	all, err := s.Docker.Images(ctx, s.Colour)
	if err != nil {
		return err
	}
	var errs []error
	for _, image := range all {
		if !s.isOneOf(kept, image) {
			errs = append(errs, remove(image))
		}
	}
	var revisions []string
	for _, release := range kept {
		revisions = append(revisions, release.Revision)
	}
	return errors.Join(append(errs, s.Layers.Prune(ctx, s.Docker, revisions))...)
}

// isOneOf reports whether an image is one of the releases.
func (s Images) isOneOf(kept []ledger.Record, image engine.Image) bool {
	return slices.ContainsFunc(kept, func(release ledger.Record) bool {
		return slices.Contains(image.Names, s.Repository+"@"+release.Digest)
	})
}

// untag takes the names that a push gave it off the image. With its last name the
// image goes.
func (s Images) untag(ctx context.Context, image engine.Image) error {
	var errs []error
	for _, name := range image.Names {
		if strings.HasPrefix(name, s.Repository+"@") || strings.HasPrefix(name, s.Repository+":") {
			errs = append(errs, s.Docker.Untag(ctx, name))
		}
	}
	return errors.Join(errs...)
}

func (s Images) unregister(ctx context.Context, image engine.Image) error {
	var errs []error
	for _, digest := range s.digests(image) {
		errs = append(errs, s.Docker.Unregister(ctx, s.Repository, digest))
	}
	return errors.Join(errs...)
}

// digests returns those under which the registry has the image.
func (s Images) digests(image engine.Image) (all []string) {
	for _, name := range image.Names {
		if digest, ours := strings.CutPrefix(name, s.Repository+"@"); ours {
			all = append(all, digest)
		}
	}
	return all
}
