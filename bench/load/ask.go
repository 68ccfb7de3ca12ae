package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Ask gets a page and returns one field of its answer, or an error unless that
// is a 200 that came whole.
func Ask(ctx context.Context, url, field string) (value string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GET %s: %s", url, response.Status)
	}
	return response.Header.Get(field), nil
}
