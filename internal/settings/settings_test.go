package settings_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"deux/internal/settings"
)

func from(values map[string]string) *settings.Reader {
	return settings.From(func(name string) string { return values[name] })
}

func TestReader_GivesDefaultsForWhatIsUnset(t *testing.T) {
	env := from(nil)
	if got := env.Int("MAX_SERVERS", 20, 1, 100); got != 20 {
		t.Errorf("Int: got %d, want 20", got)
	}
	if got := env.Duration("DRAIN_TIMEOUT", 30*time.Second, 0); got != 30*time.Second {
		t.Errorf("Duration: got %v, want 30s", got)
	}
	if got := env.Address("REDIS_ADDR", "127.0.0.1:6379"); got != "127.0.0.1:6379" {
		t.Errorf("Address: got %q", got)
	}
	if got := env.Choice("LOG_FORMAT", "text", "json"); got != "text" {
		t.Errorf("Choice: got %q, want text", got)
	}
	if err := env.Err(); err != nil {
		t.Errorf("Err: got %v, want nil", err)
	}
}

func TestReader_RefusesABadValueWithItsNameAndWhatWasExpected(t *testing.T) {
	for _, c := range []struct {
		value, expected string
		read            func(*settings.Reader)
	}{
		{"many", "a whole number from 1 to 100", func(r *settings.Reader) { r.Int("X", 1, 1, 100) }},
		{"101", "a whole number from 1 to 100", func(r *settings.Reader) { r.Int("X", 1, 1, 100) }},
		{"70000", "a whole number from 1 to 65535", func(r *settings.Reader) { r.Port("X", 1) }},
		{"30", "a time of at least 1s", func(r *settings.Reader) { r.Duration("X", time.Minute, time.Second) }},
		{"10ms", "a time of at least 1s", func(r *settings.Reader) { r.Duration("X", time.Minute, time.Second) }},
		{"redis", "HOST:PORT", func(r *settings.Reader) { r.Address("X", "") }},
		{":6379", "HOST:PORT", func(r *settings.Reader) { r.Address("X", "") }},
		{"h:x", "HOST:PORT", func(r *settings.Reader) { r.Address("X", "") }},
		{"10.0.0.1;reboot", "an IPv4 address", func(r *settings.Reader) { r.IPv4("X", "") }},
		{"fd00::1", "an IPv4 address", func(r *settings.Reader) { r.IPv4("X", "") }},
		{"example.org", "an IPv4 address", func(r *settings.Reader) { r.IPv4("X", "") }},
		{"some", "off, sampled or all", func(r *settings.Reader) { r.Choice("X", "off", "sampled", "all") }},
		{"JSON", "text or json", func(r *settings.Reader) { r.Choice("X", "text", "json") }},
		{"lots", "a size of at least 6m", func(r *settings.Reader) { r.Size("X", "1g", 6<<20) }},
		{"5m", "a size of at least 6m", func(r *settings.Reader) { r.Size("X", "1g", 6<<20) }},
		{"1gb", "a size of at least 6m", func(r *settings.Reader) { r.Size("X", "1g", 6<<20) }},
		{"-8m", "a size of at least 6m", func(r *settings.Reader) { r.Size("X", "1g", 6<<20) }},
		{"1.5g", "a size of at least 6m", func(r *settings.Reader) { r.Size("X", "1g", 6<<20) }},
		{"99999999999g", "a size of at least 6m", func(r *settings.Reader) { r.Size("X", "1g", 6<<20) }},
		{"My Fleet", "lower-case letters", func(r *settings.Reader) { r.Name("X", "") }},
	} {
		env := from(map[string]string{"X": c.value})
		c.read(env)
		err := env.Err()
		if err == nil || !strings.Contains(err.Error(), "X=") || !strings.Contains(err.Error(), c.value) || !strings.Contains(err.Error(), c.expected) {
			t.Errorf("X=%q: got %v, want an error that names X, the value and %q", c.value, err, c.expected)
		}
	}
}

func TestReader_TellsTheDefaultsOfWhatItRead(t *testing.T) {
	env := from(map[string]string{"LIMIT": "5", "HANDED": "x"})
	env.Int("LIMIT", 20, 1, 100)
	env.Duration("PAUSE", time.Minute, 0)
	env.Size("MEMORY", "96m", 1)
	env.Choice("COLOUR", "blue", "green")
	env.Bool("SHY")
	env.Secret("PASSWORD")
	env.Port("PORT", 1)
	env.Port("PORT", 2)
	env.Port("PORT", 2)
	if got := env.Handed("HANDED"); got != "x" {
		t.Errorf("Handed: got %q, want x", got)
	}
	want := map[string]string{"LIMIT": "20", "PAUSE": "1m0s", "MEMORY": "96m", "COLOUR": "blue", "SHY": "no", "PASSWORD": "", "PORT": "1 or 2"}
	if got := env.Defaults(); !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestReader_NamesEveryBadSettingAtOnce(t *testing.T) {
	env := from(map[string]string{"A": "x", "B": "y"})
	env.Port("A", 1)
	env.Port("B", 1)
	if err := env.Err(); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("got %v, want two lines", err)
	}
}

func TestReader_SizeIsInBytes(t *testing.T) {
	for value, want := range map[string]int64{"": 1 << 30, "8m": 8 << 20, "16384k": 16 << 20, "8388608": 8 << 20, "2g": 2 << 30} {
		env := from(map[string]string{"X": value})
		if got := env.Size("X", "1g", 6<<20); got != want || env.Err() != nil {
			t.Errorf("X=%q: got %d, %v, want %d", value, got, env.Err(), want)
		}
	}
}

func TestReader_SecretMayHoldWhatIsPrintable(t *testing.T) {
	for _, value := range []string{"", "a b", `"'$#\`, "ключ"} {
		env := from(map[string]string{"X": value})
		if got := env.Secret("X"); string(got) != value || env.Err() != nil {
			t.Errorf("got %q, %v, want %q", got, env.Err(), value)
		}
	}
}

func TestReader_RefusesABadSecretWithoutSayingIt(t *testing.T) {
	for _, value := range []string{"canary\nx", "canary\x00", "canary\xff", "canary" + strings.Repeat("x", 500)} {
		env := from(map[string]string{"X": value})
		got := env.Secret("X")
		if err := env.Err(); got != "" || err == nil || !strings.Contains(err.Error(), "setting X: expected") || strings.Contains(err.Error(), "canary") {
			t.Errorf("%.12q: got %q, %v, want an error that names X and not the value", value, got, err)
		}
	}
}

func TestReader_TellsEverythingThatItHasRead(t *testing.T) {
	env := settings.From(func(name string) string {
		return map[string]string{"B": "many", "SECRET": "canary", "UNREAD": "x"}[name]
	})
	env.Int("B", 3, 1, 9)
	env.Secret("SECRET")
	env.Duration("A", time.Second, 0)
	env.String("B", "")
	if got, want := env.Read(), []string{"A=", "B=many", "SECRET=canary"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
