package core

import "io"

// StateMachine is what the replicated log drives. Given the same entries in the
// same order, it must reach the same state and give the same results
// everywhere: it looks at no clock, draws no random numbers, and does not range over a
// map where the order shows. It has one user at a time, and needs no lock.
//
// A state machine of one's own is these four methods; the example of core/session is a
// whole one, which runs on a cluster and executes each command once.
type StateMachine interface {
	// Apply executes committed entries of kind EntryCommand, in log order, and
	// appends one result for each to results. A batch is what happened to be
	// committed at once: nothing may depend on where one ends. Indexes rise, with gaps.
	// Entry data must not be written to or kept. An unknown or malformed command is a
	// result, not a panic. The node's loop waits for Apply.
	Apply(entries []Entry, results *Results)

	// Query answers a read without changing anything, appending one result.
	Query(query []byte, results *Results)

	// WriteSnapshot writes the whole state, as of the last entry applied. An error is w's,
	// and stops the node. When the node is closed w fails, and closing waits for the
	// return: so it is soon, and what is long before the first byte keeps Close waiting.
	WriteSnapshot(w io.Writer) error

	// ReadSnapshot replaces the whole state by what WriteSnapshot wrote, on this node or
	// another, perhaps by an older version of the program: it should begin with a
	// version. An error stops the node. When the node is closed r fails, and closing
	// waits for the return, as with WriteSnapshot; what was read so far is not used.
	ReadSnapshot(r io.Reader) error
}
