package session

// Numbers numbers the writes of one session on the client's side, and knows how far
// their answers have been received. The zero value is that of a new session. It has
// one user at a time.
type Numbers struct {
	last     uint64 // the newest number that was taken
	received uint64 // every write through this one has ended

	// ended has a bit for each write beyond received that has ended, at its number modulo Window.
	ended [Window / 64]uint64
}

// Take returns the next write's sequence number. It reports false if as many
// are under way as may be: then some must end first.
func (n *Numbers) Take() (sequence uint64, ok bool) {
	if n.last-n.received == Window {
		return 0, false
	}
	n.last++
	return n.last, true
}

// End notes that a write will not be sent again: it was answered, or given up. Mostly it is
// the oldest one that is under way.
func (n *Numbers) End(sequence uint64) {
	if sequence != n.received+1 {
		n.ended[sequence%Window/64] |= 1 << (sequence % 64)
		return
	}
	n.received = sequence
	for n.received < n.last {
		next := n.received + 1
		word, bit := &n.ended[next%Window/64], uint64(1)<<(next%64)
		if *word&bit == 0 {
			return
		}
		*word &^= bit
		n.received = next
	}
}

// Received is the number through which all writes have ended: what a write that
// leaves now tells the state machine.
func (n *Numbers) Received() uint64 { return n.received }
