package load

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Cell shows the median of values and, after a dot, the median of their ratios
// to base with the lowest and the highest of them. Without a base it shows the
// values alone, without values a dash.
func Cell(values, base []float64, digits int) string {
	if len(values) == 0 || Median(values) == 0 {
		return "–"
	}
	cell := Thousands(Median(values), digits)
	if len(base) != len(values) || slices.Min(base) == 0 {
		return cell
	}
	ratios := Ratios(values, base)
	return fmt.Sprintf("%s · **%.2f** (%.2f–%.2f)", cell, Median(ratios), slices.Min(ratios), slices.Max(ratios))
}

// Thousands writes a number as 12,345.6.
func Thousands(value float64, digits int) string {
	text := strconv.FormatFloat(value, 'f', digits, 64)
	whole, fraction, found := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if found {
		return whole + "." + fraction
	}
	return whole
}

// Row writes a row of a Markdown table.
func Row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

// Header writes a table's first row and the line below it.
func Header(cells ...string) string {
	return Row(cells...) + strings.Repeat("|---", len(cells)) + "|\n"
}

// Failed says in how many turns something failed, and how often, so that no
// figure of such a turn is taken for a good one.
func Failed(failures []int) string {
	sum, turns := 0, 0
	for _, n := range failures {
		sum += n
		turns += min(n, 1)
	}
	if sum == 0 {
		return "0"
	}
	return fmt.Sprintf("⚠ %d, in %d of %d turns", sum, turns, len(failures))
}
