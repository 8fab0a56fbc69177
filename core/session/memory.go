package session

import "math/bits"

// memory is where results are that are too long for an answer itself, in pieces that have
// numbers. Pieces of the usual sizes are used again, so that in the long run none is
// allocated.
type memory struct {
	pieces [][]byte
	free   [usualSizes][]int // numbers of pieces that nobody uses, by the size of the piece
	idle   []int             // numbers without a piece
	kept   int               // pieces in free; at most Window
}

// The usual sizes of pieces are powers of two from smallestPiece to largestUsual.
const (
	smallestPiece = 16
	largestUsual  = 1 << 10
	usualSizes    = 7
)

// sizeClass is the place of a size among the usual ones. Above them it is usualSizes or more.
func sizeClass(bytes int) int {
	return bits.Len(uint(max(bytes, smallestPiece)-1)) - bits.Len(smallestPiece-1)
}

// pieceBytes is how much is taken for a result, so that a short one never takes a long
// piece.
func pieceBytes(resultBytes int) int {
	if c := sizeClass(resultBytes); c < usualSizes {
		return smallestPiece << c
	}
	return resultBytes
}

// put copies a result and returns its number.
func (m *memory) put(result []byte) int {
	n := m.take(len(result))
	m.pieces[n] = append(m.pieces[n][:0], result...)
	return n
}

// take is the number of a piece for a result of so many bytes.
func (m *memory) take(resultBytes int) int {
	if c := sizeClass(resultBytes); c < usualSizes && len(m.free[c]) > 0 {
		m.kept--
		return pop(&m.free[c])
	}
	n := len(m.pieces)
	if len(m.idle) > 0 {
		n = pop(&m.idle)
	} else {
		m.pieces = append(m.pieces, nil)
	}
	m.pieces[n] = make([]byte, 0, pieceBytes(resultBytes))
	return n
}

// release ends the use of a piece, and returns how much it took.
func (m *memory) release(n int) (bytes int) {
	bytes = cap(m.pieces[n])
	if c := sizeClass(bytes); c < usualSizes && m.kept < Window {
		m.free[c] = append(m.free[c], n)
		m.kept++
		return bytes
	}
	m.pieces[n] = nil
	m.idle = append(m.idle, n)
	return bytes
}

func pop(stack *[]int) int {
	last := len(*stack) - 1
	n := (*stack)[last]
	*stack = (*stack)[:last]
	return n
}
