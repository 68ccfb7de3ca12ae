package webapp

import "testing"

func TestJSON_IsForClientsThatPreferIt(t *testing.T) {
	for accept, want := range map[string]bool{
		"":                                   false,
		"*/*":                                false,
		asHTML:                               false,
		"text/plain":                         false,
		"text/html":                          false,
		"text/*":                             false,
		"application/json":                   true,
		"APPLICATION/JSON; charset=utf-8":    true,
		"application/*":                      true,
		"application/json, text/plain, */*":  true,
		"*/*, application/json":              true,
		"text/html, application/json":        false,
		"application/json, text/html":        false,
		"text/html;q=0.5, application/json":  true,
		"text/html, application/json;q=0.9":  false,
		"text/html;q=0, */*":                 true,
		"application/json;q=0, */*":          false,
		"application/json;q=0":               false,
		"application/json;q=0.1, */*;q=0.5":  false,
		"application/json;q=much":            true,
		"nonsense, , ;q=1, application/json": true,
	} {
		if got := prefersJSON([]string{accept}); got != want {
			t.Errorf("Accept: %s: got %v, want %v", accept, got, want)
		}
	}
	if !prefersJSON([]string{"text/html;q=0.1", "application/json"}) {
		t.Error("Accept in two fields: got HTML, want JSON")
	}
}
