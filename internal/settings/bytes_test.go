package settings

import (
	"strings"
	"testing"
)

func TestBytes_AreReadAndWrittenWithDockersUnits(t *testing.T) {
	for text, want := range map[string]int64{
		"": 7 << 20, "0": 0, "6291456": 6 << 20, "6m": 6 << 20, "256M": 256 << 20, "10240k": 10 << 20, "2g": 2 << 30,
	} {
		env := From(func(string) string { return text })
		got := env.Bytes("APP_MEMORY", 7<<20, 6<<20, true)
		if got != want || env.Err() != nil {
			t.Errorf("%q: got %d, %v, want %d", text, got, env.Err(), want)
		}
		again := From(func(string) string { return FormatBytes(got) }).Bytes("APP_MEMORY", 1, 6<<20, true)
		if again != want {
			t.Errorf("%q: written as %s it is read as %d, want %d", text, FormatBytes(got), again, want)
		}
	}
}

func TestBytes_RefuseWhatIsNoNumberOrTooLittleOrTooMuch(t *testing.T) {
	for _, text := range []string{"5m", "-1", "m", "1.5g", "6 m", "256mb", "9999999999999g", "99999999999999999999", "none"} {
		env := From(func(string) string { return text })
		if got := env.Bytes("APP_MEMORY", 7<<20, 6<<20, true); got != 7<<20 {
			t.Errorf("%q: got %d, want the default", text, got)
		}
		want := `setting APP_MEMORY="` + text + `": expected bytes, at least 6m, such as 65536, 64k, 256m or 1g, or 0 for no bound`
		if err := env.Err(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	env := From(func(string) string { return "0" })
	if env.Bytes("APP_LOG_SIZE", 1<<20, 1<<10, false); env.Err() == nil || strings.Contains(env.Err().Error(), "no bound") {
		t.Errorf("0 where there must be a bound: got %v, want a refusal", env.Err())
	}
}
