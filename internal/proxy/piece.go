package proxy

import "sync"

// pieceSize is how much of a body is read and sent on at a time.
const pieceSize = 64 << 10

// piece is a buffer for a part of a body.
type piece [pieceSize]byte

var pieces = sync.Pool{New: func() any { return new(piece) }}

// chunkRoom is room for the size line of the largest chunk in a piece: fff0 CR
// LF.
const chunkRoom = 6

// sizeChunk writes the size line of a chunk of n bytes to the end of room, right
// before the data, and returns where the line starts (RFC 9112 section 7.1).
func sizeChunk(room []byte, n int) (start int) {
	start = len(room) - 2
	room[start], room[start+1] = '\r', '\n'
	for {
		start--
		room[start] = "0123456789abcdef"[n&15]
		if n >>= 4; n == 0 {
			return start
		}
	}
}
