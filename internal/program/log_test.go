package program

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"deux/internal/settings"
)

func logFormat(format string) *settings.Reader {
	return settings.From(func(name string) string { return map[string]string{"LOG_FORMAT": format}[name] })
}

func TestLog_IsTextUnlessJSONIsAskedFor(t *testing.T) {
	for _, format := range []string{"", "text"} {
		var out bytes.Buffer
		log, err := newLog(&out, "writer", logFormat(format))
		if err != nil {
			t.Fatalf("LOG_FORMAT=%q: %v", format, err)
		}
		log.Info("Serving", "port", 7000)
		if got, want := out.String(), `level=INFO msg=Serving program=writer port=7000`+"\n"; !strings.HasSuffix(got, want) {
			t.Errorf("LOG_FORMAT=%q: got %q, want it to end with %q", format, got, want)
		}
	}
}

func TestLog_AsJSONIsAnObjectALine(t *testing.T) {
	var out bytes.Buffer
	log, err := newLog(&out, "writer", logFormat("json"))
	if err != nil {
		t.Fatal(err)
	}
	log.Info("Serving", "text", "two\nlines", "took", 1500*time.Millisecond)
	var line struct{ Time, Level, Msg, Program, Text, Took string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("got %q, %v, want one object in one line", out.String(), err)
	}
	if line.Time == "" || line.Level != "INFO" || line.Msg != "Serving" || line.Program != "writer" || line.Text != "two\nlines" || line.Took != "1.5s" {
		t.Errorf("got %s, want time, level, msg, program and what was logged", &out)
	}
}

func TestLog_RefusesAnotherFormatInTheUsualWords(t *testing.T) {
	_, err := newLog(&bytes.Buffer{}, "writer", logFormat("xml"))
	if want := `setting LOG_FORMAT="xml": expected text or json`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
