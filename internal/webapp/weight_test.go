package webapp

import "testing"

// maxWeight bounds what the pages are made of, in bytes.
const maxWeight = 80_000

func TestPages_AreMadeOfLittle(t *testing.T) {
	weight := len(style) + len(script) + len(worker)
	names, err := templates.ReadDir("templates")
	must(t, err)
	for _, name := range names {
		text, err := templates.ReadFile("templates/" + name.Name())
		must(t, err)
		weight += len(text)
	}
	t.Logf("style, scripts and templates: %d bytes", weight)
	if weight > maxWeight {
		t.Errorf("style, scripts and templates: got %d bytes, want %d at most", weight, maxWeight)
	}
}
