package fleet_test

import "testing"

// BenchmarkTurns is what one rotation costs the proxy when 64 go at once.
func BenchmarkTurns(b *testing.B) {
	l := open(b)
	l.Put("servers", url(3000), url(3001))
	rotation, err := l.Rotation("proxy")
	if err != nil {
		b.Fatal(err)
	}
	turns := rotation.Turns()
	b.ReportAllocs()
	for range b.N / 64 {
		if _, _, err := turns.Next(b.Context(), 64); err != nil {
			b.Fatal(err)
		}
	}
}
