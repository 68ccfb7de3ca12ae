package settings

import "strconv"

// FormatSize writes a number of bytes as Size reads it, with the largest unit
// that is exact.
func FormatSize(bytes int64) string {
	for _, letter := range []string{"g", "m", "k"} {
		if unit := units[letter]; bytes != 0 && bytes%unit == 0 {
			return strconv.FormatInt(bytes/unit, 10) + letter
		}
	}
	return strconv.FormatInt(bytes, 10)
}
