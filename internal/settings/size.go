package settings

import (
	"fmt"
	"strconv"
	"strings"
)

// units are what may stand behind the number of a size, as Docker reads them
// (docker run, "--memory").
var units = map[string]int64{"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}

// Size returns the variable as a number of bytes of at least low, written as
// Docker and Compose both read one: 96m, 1g.
func (r *Reader) Size(name, fallback string, low int64) int64 {
	value := r.String(name, fallback)
	size, err := parseSize(value)
	if err != nil || size < low {
		r.reject(name, value, fmt.Sprintf("a size of at least %dm, such as 96m or 1g", low>>20))
		size, _ = parseSize(fallback)
	}
	return size
}

// parseSize reads a whole number with one of units behind it.
func parseSize(text string) (int64, error) {
	number := strings.TrimRight(text, "kmg")
	unit, known := units[text[len(number):]]
	count, err := strconv.ParseUint(number, 10, 31) // bounded, so that no product overflows
	if err != nil || !known {
		return 0, fmt.Errorf("%q is not a size", text)
	}
	return int64(count) * unit, nil
}
