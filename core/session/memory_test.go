package session

import (
	"bytes"
	"testing"
)

// Memory that is kept to be used again is bounded, in number and in size, and what is used
// again is of the size that is needed.
func TestFreePiecesAreBounded(t *testing.T) {
	var m memory
	var numbers []int
	for n := range 2 * Window {
		numbers = append(numbers, m.put(make([]byte, 1+n%largestUsual)))
	}
	large := m.put(make([]byte, largestUsual+1))
	if m.release(large); m.kept != 0 || m.pieces[large] != nil {
		t.Fatal("a large piece is kept")
	}
	for _, n := range numbers {
		m.release(n)
	}
	free, bytes := 0, 0
	for _, list := range m.free {
		free += len(list)
	}
	for _, piece := range m.pieces {
		bytes += cap(piece)
	}
	if free != Window || m.kept != Window || bytes > Window*largestUsual {
		t.Fatalf("%d pieces of %d bytes are kept, counted as %d; want %d", free, bytes, m.kept, Window)
	}
	for n := range 2 * Window {
		size := 1 + n%largestUsual
		if piece := m.pieces[m.put(make([]byte, size))]; len(piece) != size || cap(piece) != pieceBytes(size) {
			t.Fatalf("%d bytes are in a piece of %d, want %d", size, cap(piece), pieceBytes(size))
		}
	}
	if m.kept != 0 || len(m.pieces) != 2*Window+1 {
		t.Fatalf("%d pieces are left and there are %d numbers, want none and %d", m.kept, len(m.pieces), 2*Window+1)
	}
}

// The size of a piece is that of its result or the next power of two, which is less than
// twice as much.
func TestPieceBytes(t *testing.T) {
	for size, want := range map[int]int{
		0: 16, 3: 16, 16: 16, 17: 32, 32: 32, 33: 64, 512: 512, 513: 1024, 1023: 1024, 1024: 1024, 1025: 1025, 1 << 20: 1 << 20,
	} {
		if got := pieceBytes(size); got != want {
			t.Errorf("%d bytes take %d, want %d", size, got, want)
		}
	}
}

// What is short needs no piece, and comes back as it was.
func TestShortAnswer(t *testing.T) {
	for _, result := range [][]byte{{}, {0}, {0xff}, {0, 0}, {0xff, 1}} {
		a := shortAnswer(result)
		if got := a.short(new([maxShort]byte)); a.kind() != kindShort || !bytes.Equal(got, result) {
			t.Errorf("%x came back as %x", result, got)
		}
	}
}
