package program

import (
	"io"
	"log/slog"

	"deux/internal/settings"
)

// ReadLogFormat reads LOG_FORMAT: text, for people, or json, one object a line,
// for log collectors.
func ReadLogFormat(env *settings.Reader) (string, error) {
	format := env.Choice("LOG_FORMAT", "text", "json")
	return format, env.Err()
}

// newLog returns the log of the program called name, which goes to out.
func newLog(out io.Writer, name string, env *settings.Reader) (*slog.Logger, error) {
	format, err := ReadLogFormat(env)
	if err != nil {
		return nil, err
	}
	var handler slog.Handler = slog.NewTextHandler(out, nil)
	if format == "json" {
		handler = slog.NewJSONHandler(out, &slog.HandlerOptions{ReplaceAttr: writeDuration})
	}
	return slog.New(handler).With("program", name), nil
}

// writeDuration writes a time as the text format does, 1.5s: JSON's would be a
// bare number of nanoseconds.
func writeDuration(_ []string, attr slog.Attr) slog.Attr {
	if attr.Value.Kind() == slog.KindDuration {
		attr.Value = slog.StringValue(attr.Value.Duration().String())
	}
	return attr
}
