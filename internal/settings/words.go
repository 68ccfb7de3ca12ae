package settings

import (
	"fmt"
	"slices"
	"strings"
)

// Words returns the variable as words that it may hold, with commas between
// them and without blanks.
func (r *Reader) Words(name, fallback string, words []string) string {
	value := r.String(name, fallback)
	var found []string
	for word := range strings.SplitSeq(value, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		if !slices.Contains(words, word) {
			r.reject(name, value, fmt.Sprintf("words with commas between them, each one of %s", strings.Join(words, " ")))
			return fallback
		}
		found = append(found, word)
	}
	return strings.Join(found, ",")
}
