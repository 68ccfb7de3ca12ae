package appenv

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// configuration is one of variables, and of files where the value starts with @.
func configuration(pairs ...string) Configuration {
	c := Configuration{map[string]string{}, map[string][]byte{}}
	for i := 0; i < len(pairs); i += 2 {
		if content, file := strings.CutPrefix(pairs[i+1], "@"); file {
			c.Files[pairs[i]] = []byte(content)
		} else {
			c.Variables[pairs[i]] = pairs[i+1]
		}
	}
	return c
}

func TestWith_SaysWhatChanges(t *testing.T) {
	old := configuration("A", "1", "B", "2", "F", "@f")
	for _, test := range []struct {
		set   Configuration
		unset string
		want  string
	}{
		{configuration(), "", ""},
		{configuration("A", "1", "F", "@f"), "", ""},
		{configuration("A", ""), "", "+A"},
		{configuration("A", "2", "C", ""), "", "+A +C"},
		{configuration("A", "@1"), "", "+A"}, // a variable becomes a file
		{configuration("F", "f"), "", "+F"},
		{configuration("E", "@"), "", "+E"},
		{configuration("C", "3"), "A F", "+C -A -F"},
	} {
		next, changes, err := old.With(Change{test.set, strings.Fields(test.unset)})
		if got := strings.Join(changes, " "); got != test.want || err != nil {
			t.Errorf("set %v, unset %q: got %q, %v, want %q", test.set, test.unset, got, err, test.want)
		}
		if _, again, _ := next.With(Change{Set: test.set}); len(again) != 0 {
			t.Errorf("set %v once more: got %q, want no change", test.set, again)
		}
	}
	if old.Variables["A"] != "1" || len(old.Names()) != 3 {
		t.Errorf("the old configuration was changed: %v", old.Names())
	}
	if _, _, err := old.With(Change{Unset: []string{"A", "A"}}); err == nil {
		t.Error("unset of a name that is not set: got nil, want an error")
	}
}

func TestWith_RefusesAndShowsNoValue(t *testing.T) {
	const canary = "canary"
	for name, c := range map[string]Configuration{
		"a blank in a name":       configuration("A "+canary, canary),
		"a digit first":           configuration("1"+canary, canary),
		"an empty name":           configuration("", canary),
		"a file that leads out":   configuration("../"+canary, "@"+canary),
		"a file called .":         configuration(".", "@"),
		"a reserved name":         configuration("REVISION", canary),
		"no port":                 configuration("PORT", canary),
		"port 0":                  configuration("PORT", "0"),
		"a port with a sign":      configuration("PORT", "+80"),
		"NUL":                     configuration("A", canary+"\x00"),
		"not UTF-8":               configuration("A", canary+"\xff"),
		"a long variable":         configuration("A", strings.Repeat(canary, MaxValue)),
		"a long file":             configuration("A", "@"+strings.Repeat(canary, MaxFile)),
		"a variable and a file":   {map[string]string{"A": canary}, map[string][]byte{"A": []byte(canary)}},
		"too much for a process":  many(5, strings.Repeat("x", MaxValue)),
		"more files than allowed": many(MaxFiles+1, "@"),
	} {
		_, _, err := configuration().With(Change{Set: c})
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: got %v, want an error without the value", name, err)
		}
	}
	if _, _, err := configuration().With(Change{Set: configuration("PORT", "3000", "tls.key", "@\x00\xff", "A", strings.Repeat("x", MaxValue))}); err != nil {
		t.Errorf("what may be set is refused: %v", err)
	}
}

func many(n int, value string) Configuration {
	var pairs []string
	for i := range n {
		pairs = append(pairs, fmt.Sprintf("N%d", i), value)
	}
	return configuration(pairs...)
}

func TestConfiguration_IsPrintedWithoutItsValues(t *testing.T) {
	c := configuration("A", "canary", "B", "canary", "F", "@canary")
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, Change{Set: c}); strings.Contains(got, "canary") {
			t.Errorf("%s: got %q, want no value in it", format, got)
		}
	}
	if got := c.String(); got != "2 variables, 1 file" {
		t.Errorf("got %q", got)
	}
}

func TestParseLines_ReadsWhatPeopleWrite(t *testing.T) {
	text := "# comment\n\nA=1\r\n export B = two words \nC='it''\n"
	if _, err := ParseLines(text); err == nil {
		t.Error("something behind a quote: got nil, want an error")
	}
	text = "# comment\n\nA=1\r\n export B = two words \nC='$x \\n\n\"y\"'\nD=\"a\\nb\\$\\q\\\"\nend\"  \nE=\nURL=postgres://u:p#w@h/d?a=b\nF=it's"
	want := map[string]string{"A": "1", "B": "two words", "C": "$x \\n\n\"y\"", "D": "a\nb$\\q\"\nend", "E": "", "URL": "postgres://u:p#w@h/d?a=b", "F": "it's"}
	if got, err := ParseLines(text); err != nil || !maps.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for text, want := range map[string]string{
		"A=1\ncanary":           "line 2: expected NAME=value",
		"A='1\n2'\nB='canary\n": "line 3: the quote is not closed",
		"A=canary # note":       "line 1: put a comment on a line of its own, or the value between quotes",
		"A='b' canary":          "line 1: there is text after the closing quote",
		"A=1\n\nA=canary":       "line 3: A is set a second time",
		"can ary=x":             "line 1: " + errVariableName.Error(),
		"COLOUR=canary":         "line 1: COLOUR is set by every deploy: choose another name",
	} {
		if _, err := ParseLines(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func FuzzLines_AreReadAsTheyWereWritten(f *testing.F) {
	for _, value := range []string{"", "plain", " a b ", "'", `"`, `\`, "a\nb\r\nc\r", "#", "$x", "a #b", "☃", "\t"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if CheckVariable("A", value) != nil {
			t.Skip()
		}
		c := configuration("A", value, "B", "2")
		got, err := ParseLines(c.Lines())
		if err != nil || !maps.Equal(got, c.Variables) {
			t.Errorf("%q: written as %q and read as %q, %v", value, c.Lines(), got["A"], err)
		}
	})
}

func TestEnvironment_IsSortedAndHasNoFiles(t *testing.T) {
	c := configuration("B", "", "A", "two words", "_C", "x=y", "F", "@secret")
	if got, want := strings.Join(c.Environment(), "|"), "A=two words|B=|_C=x=y"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (Configuration{}).Environment(); len(got) != 0 {
		t.Errorf("of nothing: got %q", got)
	}
}

func TestWith_StartsFromNothingAtAll(t *testing.T) {
	next, changes, err := Configuration{}.With(Change{Set: configuration("A", "1", "F", "@f")})
	if err != nil || fmt.Sprint(changes) != "[+A +F]" || next.Variables["A"] != "1" || string(next.Files["F"]) != "f" {
		t.Errorf("got %v, %q, %v, want both", next, changes, err)
	}
}

func TestString_CountsInWords(t *testing.T) {
	for want, c := range map[string]Configuration{
		"0 variables, 0 files": {}, "1 variable, 0 files": configuration("A", ""), "0 variables, 2 files": configuration("F", "@", "G", "@"),
	} {
		if got := c.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
