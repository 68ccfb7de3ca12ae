package engine

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzPushedDigest holds of whatever comes back from a push: it gives a digest
// that can stand in a name and in a URL, and only of a progress that is whole
// and has no error, or else an error and nothing.
func FuzzPushedDigest(f *testing.F) {
	digest := "sha256:" + strings.Repeat("0a", 32)
	for _, progress := range []string{
		"", `{"status":"Pushing"}{"aux":{"Tag":"latest","Digest":"` + digest + `","Size":1}}`,
		`{"aux":{"Digest":"sha256:1 /../"}}`, `{"errorDetail":{"message":"denied"},"error":"denied"}`,
		`{"aux":{"Digest":"` + digest + `"}}{"error":"denied"}`, `{"aux":{"Digest":"` + digest + `"}}{`,
		`{"aux":null}`, `{"aux":[1]}`, `[]`, `null`, `{"error":7}`, "<html>502 Bad Gateway</html>",
	} {
		f.Add(progress)
	}
	f.Fuzz(func(t *testing.T, progress string) {
		got, err := pushedDigest(strings.NewReader(progress))
		if err != nil {
			if got != "" {
				t.Fatalf("%q: got %q beside %v", progress, got, err)
			}
			return
		}
		if hex, is := strings.CutPrefix(got, "sha256:"); !is || len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "" {
			t.Fatalf("%q: got %q, want a digest", progress, got)
		}
		for decoder := json.NewDecoder(strings.NewReader(progress)); decoder.More(); {
			var message struct{ Error any }
			if decoder.Decode(&message) != nil || message.Error != nil && message.Error != "" {
				t.Fatalf("%q: got %q of a progress that is broken or has an error", progress, got)
			}
		}
	})
}
