package settings

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSecret is how long a secret may be, in bytes.
const maxSecret = 500

// Secret returns the variable as it is, or "" without one. Of a bad one the
// error does not say the value.
func (r *Reader) Secret(name string) string {
	value := r.lookup(name)
	if problem := checkSecret(value); problem != nil {
		r.errs = append(r.errs, fmt.Errorf("setting %s: %w", name, problem))
		return ""
	}
	return value
}

// checkSecret returns nil for what every program can pass on unchanged.
func checkSecret(value string) error {
	switch {
	case len(value) > maxSecret:
		return fmt.Errorf("expected at most %d bytes", maxSecret)
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		return errors.New("expected text in UTF-8 on one line, without control characters such as a tab")
	}
	return nil
}
