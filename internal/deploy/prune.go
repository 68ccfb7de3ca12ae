package deploy

import (
	"context"
	"errors"
	"slices"
	"strings"

	"deux/internal/deploy/ledger"
	"deux/internal/engine"
)

// prune removes the images of releases that are no longer kept, here and in
// the registry. What somebody else built on one of them, or gave another name,
// stays.
func (d *Deployer) prune(ctx context.Context, running *ledger.Deployment) error {
	past, err := d.ledger.History()
	if err != nil {
		return err
	}
	return d.pruneBut(ctx, ledger.Releases(append(past, running.Record), d.config.Keep), func(image engine.Image) error {
		if err := d.removeFromRegistry(ctx, image); err != nil {
			return err // its names on this host are all that the next prune finds it by
		}
		return d.removeImage(ctx, image)
	})
}

// removeAllImages removes the images of every release from this host.
func (d *Deployer) removeAllImages(ctx context.Context) error {
	return d.pruneBut(ctx, nil, func(image engine.Image) error { return d.removeImage(ctx, image) })
}

func (d *Deployer) pruneBut(ctx context.Context, kept []ledger.Record, remove func(engine.Image) error) error {
	images, err := d.docker.Images(ctx, d.colour.name)
	if err != nil {
		return err
	}
	var errs []error
	for _, image := range images {
		if !keeps(kept, image, d.colour.repository) {
			errs = append(errs, remove(image))
		}
	}
	var revisions []string
	for _, release := range kept {
		revisions = append(revisions, release.Revision)
	}
	return errors.Join(append(errs, d.layers.Prune(ctx, d.docker, revisions))...)
}

// keeps reports whether an image is one of the releases.
func keeps(kept []ledger.Record, image engine.Image, repository string) bool {
	return slices.ContainsFunc(kept, func(release ledger.Record) bool {
		return slices.Contains(image.Names, repository+"@"+release.Digest)
	})
}

// removeImage takes the names that a push gave it off the image. With its last
// name the image goes.
func (d *Deployer) removeImage(ctx context.Context, image engine.Image) error {
	var errs []error
	for _, name := range image.Names {
		if strings.HasPrefix(name, d.colour.repository+"@") || strings.HasPrefix(name, d.colour.repository+":") {
			errs = append(errs, d.docker.Untag(ctx, name))
		}
	}
	return errors.Join(errs...)
}

func (d *Deployer) removeFromRegistry(ctx context.Context, image engine.Image) error {
	var errs []error
	for _, name := range image.Names {
		if digest, ok := strings.CutPrefix(name, d.colour.repository+"@"); ok {
			errs = append(errs, d.docker.Unregister(ctx, d.colour.repository, digest))
		}
	}
	return errors.Join(errs...)
}
