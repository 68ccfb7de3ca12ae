package proxy

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestPiece_IsSmallOnceManyAreInUse(t *testing.T) {
	var p Proxy
	var used []*piece
	for range mostPieces + 1 {
		used = append(used, p.takePiece())
	}
	if first, last := len(*used[0]), len(*used[mostPieces]); first != pieceSize || last != smallSize {
		t.Errorf("got %d bytes and, with %d in use, %d, want %d and %d", first, mostPieces, last, pieceSize, smallSize)
	}
	for _, one := range used {
		p.givePiece(one)
	}
	if got := len(*p.takePiece()); got != pieceSize {
		t.Errorf("after all were given back: got %d bytes, want %d", got, pieceSize)
	}
}

func TestProxy_PassesBodiesWholeInSmallPieces(t *testing.T) {
	s := newStage(t)
	s.proxy.piecesOut.Store(mostPieces)
	text := bytes.Repeat([]byte("0123456789"), 50_000)
	s.backend(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("A", strings.Repeat("a", len(r.URL.Path)))
		if r.URL.RawQuery == "sized" {
			w.Header().Set("Content-Length", "500000")
		}
		w.Header().Set("Trailer", "T")
		io.Copy(w, r.Body)
		w.Header().Set("T", "end")
	})
	for _, head := range []int{1, smallSize/2 - 100, smallSize - 100} { // the server's, as long as the path
		for _, query := range []string{"", "?sized"} {
			response, got := s.do("PUT", "/"+strings.Repeat("p", head)+query, string(text))
			if response.StatusCode != 200 || got != string(text) {
				t.Errorf("%d bytes in the head, %q: got %s and %d bytes, want those that were sent", head, query, response.Status, len(got))
			}
		}
	}
	eventually(t, func() bool { return s.proxy.piecesOut.Load() == mostPieces }) // all were given back
}

func TestClient_KeepsNoRoomForALongHeadThatHasBeenSent(t *testing.T) {
	s := newStage(t)
	finish := make(chan struct{})
	s.backend(func(http.ResponseWriter, *http.Request) { <-finish })
	conn := s.dial("GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 60_000) + "\r\n\r\n")
	c, _ := s.waiting()
	close(finish)
	conn.Close()
	eventually(t, func() bool { return s.proxy.connections() == 0 }) // nobody else uses it any more
	if got := cap(c.out); got > mostOut {
		t.Errorf("got room for %d bytes, want at most %d", got, mostOut)
	}
}
