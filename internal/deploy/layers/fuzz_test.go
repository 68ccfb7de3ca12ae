package layers

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"testing"

	"deux/internal/deploy/ledger"
)

// FuzzOutput holds of whatever a Dockerfile has the builder print: it is
// handed on byte by byte but for carriage returns at the ends of lines, and the ids and the last line are the same however it
// is cut into pieces. What is written down is read back.
func FuzzOutput(f *testing.F) {
	for _, output := range []string{
		"", "Step 1/2 : FROM scratch\n ---> 0123456789ab\n", " ---> 0123456789ab", " ---> Running in 0123456789ab\n",
		"#1 [internal] load\r\n\n \t\n", " ---> 0123456789ab\r\n", "\xff\x00\n ---> 0123456789abc\n",
	} {
		f.Add([]byte(output), 5)
	}
	list := newList(f)
	f.Fuzz(func(t *testing.T, output []byte, cut int) {
		whole, wholeLayers := printedNow(t, list, output, len(output))
		pieces, piecesLayers := printedNow(t, list, output, 1+max(cut, -cut-1)%1000)
		if whole != pieces || !slices.Equal(wholeLayers, piecesLayers) {
			t.Fatalf("%q: at once %q and %v, in pieces %q and %v", output, whole, wholeLayers, pieces, piecesLayers)
		}
		if len(whole) > longLine {
			t.Fatalf("%q: remembers %d bytes of a line, want at most %d", output, len(whole), longLine)
		}
	})
}

// returnsBeforeEnds are the carriage returns that git would make lines of.
var returnsBeforeEnds = regexp.MustCompile(`(?s)\r+(\n|$)`)

// printedNow writes a build's output in pieces and returns its last line and the
// layers that were written down.
func printedNow(t *testing.T, list List, output []byte, piece int) (last string, seen []layer) {
	t.Helper()
	var handedOn bytes.Buffer
	defer os.Remove(list.path())
	b := list.Watch(&handedOn, "r1", at(1))
	for part := range slices.Chunk(output, max(piece, 1)) {
		if n, err := b.Write(part); n != len(part) || err != nil {
			t.Fatalf("writing %q: got %d, %v", part, n, err)
		}
	}
	if want := returnsBeforeEnds.ReplaceAll(output, []byte("$1")); !bytes.Equal(handedOn.Bytes(), want) {
		t.Fatalf("%q: handed on %q", output, &handedOn)
	}
	for _, entry := range list.read() {
		if entry.revision != "r1" || !entry.seen.Equal(at(1)) || !printedID.MatchString(" ---> "+entry.id) {
			t.Fatalf("%q: read back %+v", output, entry)
		}
		seen = append(seen, entry)
	}
	return b.Last(), seen
}

// FuzzList holds of a list on disk that was damaged: what is read of it is the
// same once it is written again.
func FuzzList(f *testing.F) {
	for _, content := range []string{"", "1000000 r1 0123456789ab\n", "1 2\n3", "-1 r\u00a0x id\n", "99999999999999999999 r id\n"} {
		f.Add([]byte(content))
	}
	list := newList(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(list.path(), content, 0o600); err != nil {
			t.Fatal(err)
		}
		read := list.read()
		if err := list.write(read); err != nil {
			t.Fatal(err)
		}
		if again := list.read(); !slices.Equal(read, again) {
			t.Fatalf("%q: read %v, and once written again %v", content, read, again)
		}
	})
}

// newLayers returns an empty list.
func newList(t testing.TB) List {
	t.Helper()
	written := ledger.At(t.TempDir())
	if err := written.Make(); err != nil {
		t.Fatal(err)
	}
	return In(written)
}
