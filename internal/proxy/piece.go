package proxy

import "sync"

const (
	// pieceSize is how much of a body is read and sent on at a time.
	pieceSize = 64 << 10
	// mostPieces is how many buffers of that size may be in use. What comes
	// beyond gets small ones: thousands of clients that read slowly would take
	// more memory than the proxy has.
	mostPieces = 512
	smallSize  = 8 << 10
)

// piece is a buffer for a part of a body.
type piece []byte

var pieces, smallPieces = poolOf(pieceSize), poolOf(smallSize)

func poolOf(size int) *sync.Pool {
	return &sync.Pool{New: func() any { buffer := make(piece, size); return &buffer }}
}

// takePiece returns a buffer, for givePiece to take back.
func (p *Proxy) takePiece() *piece {
	if p.piecesOut.Add(1) > mostPieces {
		return smallPieces.Get().(*piece)
	}
	return pieces.Get().(*piece)
}

func (p *Proxy) givePiece(used *piece) {
	p.piecesOut.Add(-1)
	if len(*used) == smallSize {
		smallPieces.Put(used)
	} else {
		pieces.Put(used)
	}
}

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
