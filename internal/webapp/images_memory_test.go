package webapp

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// sink is a client that keeps nothing.
type sink struct{ header http.Header }

func (s sink) Header() http.Header               { return s.header }
func (s sink) Write(part []byte) (int, error)    { return len(part), nil }
func (s sink) WriteString(p string) (int, error) { return len(p), nil }
func (s sink) WriteHeader(int)                   {}

// allocated returns how much memory an answer takes, in KiB.
func allocated(handler http.Handler, request *http.Request) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	handler.ServeHTTP(sink{make(http.Header)}, request)
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) >> 10
}

func TestPicture_IsInMemoryOnceAtMost(t *testing.T) {
	file := png + strings.Repeat("x", 10<<20-len(png))
	body, contentType := form(t, "image", file)
	store := &memory{pictures: []string{base64.StdEncoding.EncodeToString([]byte(file))}}
	handler := pages(t, store)
	once := uint64(len(store.pictures[0])) >> 10
	for what, test := range map[string]struct {
		path, accept string
		body         io.Reader
		most         uint64
	}{
		"a page":             {"/meow", asHTML, nil, 0},
		"JSON":               {"/meow", asJSON, nil, 0},
		"an upload":          {"/upload", asJSON, strings.NewReader(body), once},
		"an upload in parts": {"/upload", asJSON, chunked(strings.NewReader(body)), once},
	} {
		request := httptest.NewRequest("POST", test.path, test.body)
		request.Header.Set("Accept", test.accept)
		request.Header.Set("Content-Type", contentType)
		got := allocated(handler, request)
		t.Logf("%s: %d KiB", what, got)
		if got > test.most+once/2 { // with the race detector, what is used for a part is often not used again
			t.Errorf("%s of a picture of %d KiB in base64: got %d KiB allocated, want little more than %d", what, once, got, test.most)
		}
	}
}
