package engine

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

var registryClient = &http.Client{Timeout: 10 * time.Second}

// Unregister deletes the image with that digest, and all its tags, from a
// repository HOST:PORT/NAME. Docker's API has no call for this (OCI
// Distribution Specification, "Deleting Manifests"). The layers stay until the
// registry collects its garbage. It is not an error if the image is not there.
func (e *Engine) Unregister(ctx context.Context, repository, digest string) error {
	host, name, _ := strings.Cut(repository, "/")
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete,
		"http://"+host+"/v2/"+name+"/manifests/"+digest, nil)
	if err != nil {
		return err
	}
	response, err := registryClient.Do(request)
	if err != nil {
		return fmt.Errorf("removing an image from the registry: %w", err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusAccepted && response.StatusCode != http.StatusNotFound {
		return fmt.Errorf("removing %s from the registry: it answers %s", digest, response.Status)
	}
	return nil
}
