package settings

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Secret is a text that no log and no message shows, whoever formats it.
type Secret string

// Format writes that there is a secret instead of the secret (fmt.Formatter).
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[secret]") }

// MarshalText does the same for what is encoded, as in a JSON log.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// LogValue does the same for slog.
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// maxSecret is how long a secret may be, in bytes.
const maxSecret = 500

// Secret returns the variable as it is, or "" without one. Of a bad one the
// error does not say the value.
func (r *Reader) Secret(name string) Secret {
	value := r.value(name, "")
	if problem := checkSecret(value); problem != nil {
		r.errs = append(r.errs, fmt.Errorf("setting %s: %w", name, problem))
		return ""
	}
	return Secret(value)
}

// checkSecret returns nil for what every program can pass on unchanged, and a
// field of an HTTP request too.
func checkSecret(value string) error {
	switch {
	case len(value) > maxSecret:
		return fmt.Errorf("expected at most %d bytes", maxSecret)
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		return errors.New("expected text in UTF-8 on one line, without control characters such as a tab")
	case strings.TrimSpace(value) != value:
		return errors.New("expected no blank at its ends")
	}
	return nil
}
