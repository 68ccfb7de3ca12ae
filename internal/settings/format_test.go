package settings

import "testing"

func TestFormatSize_IsReadAsTheSameSize(t *testing.T) {
	for size, want := range map[int64]string{
		1: "1", 1000: "1000", 6 << 20: "6m", 1536: "1536", 10240: "10k", 256 << 20: "256m", 1536 << 20: "1536m", 2 << 30: "2g",
	} {
		text := FormatSize(size)
		if text != want {
			t.Errorf("%d: got %s, want %s", size, text, want)
		}
		env := From(func(string) string { return text })
		if got := env.Size("APP_MEMORY", "1g", 1); got != size || env.Err() != nil {
			t.Errorf("%s: read as %d, %v, want %d", text, got, env.Err(), size)
		}
	}
}
