package deploy

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"deux/internal/deploy/ledger"
)

// usualWidth is the width assumed for a terminal that does not say.
const usualWidth = 80

// Width returns how many columns a line of a file may have: the terminal's, if
// it is one, else COLUMNS, else 80.
func Width(file *os.File) int {
	if width, known := knownWidth(file); known {
		return width
	}
	return usualWidth
}

// WidthOrNone is Width for lines that nothing should cut on the way to a program:
// there is no bound for a file that is not a terminal, unless COLUMNS names one.
func WidthOrNone(file *os.File) int {
	if width, known := knownWidth(file); known {
		return width
	}
	if term.IsTerminal(int(file.Fd())) {
		return usualWidth
	}
	return math.MaxInt
}

func knownWidth(file *os.File) (width int, known bool) {
	if width, _, err := term.GetSize(int(file.Fd())); err == nil && width > 0 {
		return width, true
	}
	width, err := strconv.Atoi(os.Getenv("COLUMNS"))
	return width, err == nil && width > 0
}

// briefForm has the columns of a push as people read it; the last takes the rest
// of the line.
const briefForm = "%-16s %-11s %-7s %7s %-8s %s"

// briefHeader names the columns.
func briefHeader() string {
	return fmt.Sprintf(briefForm, "WHEN", "RESULT", "COMMIT", "TOOK", "WHO", "WHAT")
}

// brief returns the push in lines of at most width columns: its commit's subject
// or what was configured, cut, and below it, in full, why it failed.
func brief(r ledger.Record, width int) string {
	what := r.Subject
	if len(r.Changes) > 0 {
		what = strings.Join(r.Changes, " ")
	}
	name, _, _ := strings.Cut(r.Who, "@")
	line := fmt.Sprintf(briefForm, r.Time.Local().Format("2006-01-02 15:04"), briefResult(r.Result),
		cut(r.Revision, 7), fmt.Sprintf("%.1f s", r.Seconds()), shorten(name, 8), what)
	lines := shorten(strings.TrimRight(line, " "), width)
	if r.Why != "" {
		lines += "\n" + wrap(r.Why, "    ", width)
	}
	return lines
}

// briefResult returns the result so that it fits its column.
func briefResult(result string) string {
	if result == ledger.Forwarded {
		return "FORWARD"
	}
	return result
}

// cut returns at most the first n bytes of an ASCII text.
func cut(text string, n int) string { return text[:min(len(text), n)] }

// wrap returns the words of the text in indented lines of at most width columns.
// A word that is longer than that has a line of its own.
func wrap(text, indent string, width int) string {
	var lines []string
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		if last >= 0 && utf8.RuneCountInString(lines[last]+" "+word) <= width {
			lines[last] += " " + word
		} else {
			lines = append(lines, indent+word)
		}
	}
	return strings.Join(lines, "\n")
}

// shorten returns the text in at most width columns. A longer text is cut and
// ends with an ellipsis.
func shorten(text string, width int) string {
	if runes := []rune(text); len(runes) > width {
		return string(runes[:max(0, width-1)]) + "…"
	}
	return text
}
