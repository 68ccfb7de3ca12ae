package deploy

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// registry is one repository of the private registry, as far as Docker's API
// has no call for it (OCI Distribution Specification, "Endpoints").
type registry struct{ manifests string } // URL, ends with /manifests/

// newRegistry reads HOST:PORT/NAME.
func newRegistry(repository string) registry {
	host, name, _ := strings.Cut(repository, "/")
	return registry{"http://" + strings.Replace(host, "localhost", "127.0.0.1", 1) + "/v2/" + name + "/manifests/"}
}

var registryClient = &http.Client{Timeout: 10 * time.Second}

// manifestTypes are the kinds of manifest that a builder of images pushes.
var manifestTypes = []string{
	"application/vnd.docker.distribution.manifest.v2+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.oci.image.index.v1+json",
}

// tag makes a tag name the image with that digest.
func (r registry) tag(ctx context.Context, digest, tag string) error {
	manifest, header, err := r.call(ctx, http.MethodGet, digest, nil, http.Header{"Accept": manifestTypes})
	if err == nil {
		_, _, err = r.call(ctx, http.MethodPut, tag, manifest, http.Header{"Content-Type": header["Content-Type"]})
	}
	return err
}

// remove deletes the image with that digest and every tag of it. Its layers
// stay until the registry collects its garbage.
func (r registry) remove(ctx context.Context, digest string) error {
	_, _, err := r.call(ctx, http.MethodDelete, digest, nil, nil)
	return err
}

// call returns an error for a status that is none of success; that something
// to delete is not there is a success.
func (r registry) call(ctx context.Context, method, reference string, body []byte, header http.Header) ([]byte, http.Header, error) {
	request, err := http.NewRequestWithContext(ctx, method, r.manifests+reference, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.Header = header.Clone()
	if request.Header == nil {
		request.Header = make(http.Header)
	}
	response, err := registryClient.Do(request)
	if err != nil {
		return nil, nil, fmt.Errorf("asking the registry: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	gone := method == http.MethodDelete && response.StatusCode == http.StatusNotFound
	if response.StatusCode >= 300 && !gone {
		return nil, nil, fmt.Errorf("the registry answered %s to %s %s", response.Status, method, reference)
	}
	return answer, response.Header, err
}
