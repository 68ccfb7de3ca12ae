package settings

import "testing"

func TestWords_AreThoseThatMayStandThere(t *testing.T) {
	for _, test := range []struct{ value, want, err string }{
		{"", "A", ""},
		{"B", "B", ""},
		{" B , A,", "B,A", ""},
		{"b", "A", `setting LETTERS="b": expected words with commas between them, each one of A B`},
		{"A B", "A", `setting LETTERS="A B": expected words with commas between them, each one of A B`},
	} {
		env := From(func(string) string { return test.value })
		got, failure := env.Words("LETTERS", "A", []string{"A", "B"}), ""
		if err := env.Err(); err != nil {
			failure = err.Error()
		}
		if got != test.want || failure != test.err {
			t.Errorf("%q: got %q, %q, want %q, %q", test.value, got, failure, test.want, test.err)
		}
	}
}
