package load

import (
	"slices"
	"time"
)

// Median returns the middle of values, of which there must be at least one.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Ratios divides each of values by the one of the same round in base.
func Ratios(values, base []float64) []float64 {
	ratios := make([]float64, len(values))
	for i := range values {
		ratios[i] = values[i] / base[i]
	}
	return ratios
}

// Each returns of(turn) for each turn.
func Each[T, V any](turns []T, of func(T) V) []V {
	values := make([]V, len(turns))
	for i, turn := range turns {
		values[i] = of(turn)
	}
	return values
}

// Milliseconds returns d with a resolution of a microsecond.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
