package core

import "io"

// StateMachine is what the replicated log drives. Given the same entries in the
// same order, it must reach the same state and give the same results
// everywhere. It has one user at a time.
type StateMachine interface {
	// Apply executes committed entries of kind EntryCommand, in log order, and
	// appends one result for each to results. Entry data must not be written to
	// or kept. An unknown or malformed command is a result, not a panic.
	Apply(entries []Entry, results *Results)

	// Query answers a read without changing anything, appending one result.
	Query(query []byte, results *Results)

	// WriteSnapshot writes the whole state.
	WriteSnapshot(w io.Writer) error

	// ReadSnapshot replaces the whole state by what WriteSnapshot wrote.
	ReadSnapshot(r io.Reader) error
}
