package settings

import (
	"fmt"
	"strconv"
	"strings"
)

// Bytes returns the variable as a number of bytes of at least low, written as
// Docker writes one: 65536, 64k, 256m, 1g, in powers of 1024. Zero, which is no
// bound, is taken where orZero says so.
func (r *Reader) Bytes(name string, fallback, low int64, orZero bool) int64 {
	value := r.lookup(name)
	if value == "" {
		return fallback
	}
	n, ok := parseBytes(value)
	if !ok || n < low && (n != 0 || !orZero) {
		expected := fmt.Sprintf("bytes, at least %s, such as 65536, 64k, 256m or 1g", FormatBytes(low))
		if orZero {
			expected += ", or 0 for no bound"
		}
		r.reject(name, value, expected)
		return fallback
	}
	return n
}

// units are the letters after a number of bytes, largest first.
var units = []struct {
	letter string
	bytes  int64
}{{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}, {"", 1}}

// mostBytes is more than any machine has, and keeps the product in 64 bits.
const mostBytes = 1 << 50

func parseBytes(text string) (n int64, ok bool) {
	text = strings.ToLower(text)
	for _, unit := range units {
		digits, found := strings.CutSuffix(text, unit.letter)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 63)
		return int64(n) * unit.bytes, err == nil && n <= uint64(mostBytes/unit.bytes)
	}
	return 0, false
}

// FormatBytes writes a number of bytes as Bytes reads it, with the largest unit
// that is exact.
func FormatBytes(n int64) string {
	for _, unit := range units {
		if n != 0 && n%unit.bytes == 0 {
			return strconv.FormatInt(n/unit.bytes, 10) + unit.letter
		}
	}
	return strconv.FormatInt(n, 10)
}
