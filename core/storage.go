package core

import (
	"io"
	"math"
)

// Log is the read side of a replicated log. Entries returned must not be
// written to; they stay valid and unchanged for as long as somebody holds them,
// also after the log was truncated or compacted.
//
// A Log has one user at a time.
type Log interface {
	// FirstIndex is the index of the first entry that can be read; one past the
	// snapshot or the compacted part. An empty new log has FirstIndex 1 and
	// LastIndex 0.
	FirstIndex() Index

	// LastIndex is the index of the last entry, or FirstIndex-1.
	LastIndex() Index

	// Term returns the term of the entry at i, for FirstIndex()-1 <= i <=
	// LastIndex(): ErrCompacted below, ErrOutOfRange above.
	Term(i Index) (Term, error)

	// Entries returns entries from lo up to but not including hi: as many as
	// are at hand in one piece without exceeding maxBytes (by
	// EntriesSizeBytes), but at least one if lo < hi. ErrCompacted or
	// ErrOutOfRange if the range is not held.
	Entries(lo, hi Index, maxBytes int) ([]Entry, error)
}

// Storage keeps a node's log, hard state and snapshot. It has one user at a
// time. Close may be called while a write is under way.
type Storage interface {
	Log

	// State returns what was durable when the storage was opened.
	State() (HardState, SnapshotMeta, error)

	// Write appends. Entries can be read as soon as Write has returned; done is
	// called exactly once, when the write and all writes before it are durable,
	// or with an error, after which the storage accepts no more writes. done
	// may be called from within Write or from another goroutine, in the order
	// of the writes.
	Write(w Write, done func(error))

	// NewSnapshot begins a snapshot. It and the methods of the writer may be called
	// by any goroutine while the storage is used: nothing changes for the storage's
	// user before AdoptSnapshot.
	NewSnapshot(meta SnapshotMeta) (SnapshotWriter, error)

	// AdoptSnapshot makes a finished snapshot the latest in the place of the one
	// before, unless that is newer: then it is an error. It does not wait for the
	// disk. The log is left as it is, unless it ends before the snapshot's index or
	// differs from it there: then it becomes empty and begins after that index.
	AdoptSnapshot(w SnapshotWriter) error

	// OpenSnapshot returns the latest snapshot. The manifest is zero and the reader
	// nil if there is none. The caller closes the reader, which any goroutine may
	// use, and which stays valid when a newer snapshot is adopted.
	OpenSnapshot() (SnapshotManifest, io.ReadSeekCloser, error)

	// Compact forgets the entries up to and including i, which must not lie
	// beyond the snapshot.
	Compact(i Index) error

	// Close releases the storage. Writes under way end with an error or durable.
	Close() error
}

// Write is one append to a storage.
type Write struct {
	// HardState is to be stored if it is not nil.
	HardState *HardState

	// Entries follow the log without a gap or replace its end: everything from
	// Entries[0].Index on is dropped first. The storage keeps the slice and its
	// data; nobody may change them any more.
	Entries []Entry

	// Sync asks for durability before done is called. Without it done may be
	// called as soon as the order is fixed (a commit index alone).
	Sync bool
}

// Doubter is a Storage that can have lost what it had. A node must respect its
// doubt, or an entry that was committed with this node's help can be lost. A storage
// that is new begins in doubt (NewbornDoubt): it may stand where another was lost.
type Doubter interface {
	Storage

	// Doubt returns what the storage may have lost, or nil. It does not change
	// while the storage is open, except by Settle.
	Doubt() *Doubt

	// Settle ends the doubt, durably. The caller has seen to it that nothing is
	// missing any more; see Doubt.
	Settle() error
}

// Doubt says that this node may have acknowledged entries that its log does not
// hold. The term and the vote in its HardState are certain.
//
// While it is in doubt, a node gives no vote and does not stand for election, and
// of what it appends it acknowledges no more than the leader says is committed:
// that helps to commit nothing. The doubt ends once the log has been verified
// against a leader and is durable through its commit index, if that index is at
// least Through, or if the entry there has a term above Term: whatever was
// committed with this node's lost acknowledgements comes before (Leader
// Completeness, dissertation §3.6.3).
//
// A doubt about everything (Newborn) is about the term and the vote as well, and ends
// otherwise: see raft.Config.Newborn. It is that of a storage that is new (NewbornDoubt),
// or of one so damaged that the last term and vote cannot be told (AmnesiaDoubt).
type Doubt struct {
	Sound   Index // the log was sound through here when the doubt arose
	Through Index // no entry beyond was acknowledged in Term or before
	Term    Term  // the node's when the doubt arose
}

// NewbornDoubt is the doubt of a storage that is new: whoever had this node's name
// before may have acknowledged anything, and voted for anyone.
func NewbornDoubt() Doubt { return Doubt{Through: math.MaxUint64} }

// AmnesiaDoubt is the doubt of a storage that certainly was in use, and of which so much is
// damaged that nobody knows any more in which term the node was last, which is term or a
// later one, and for whom it voted. The log is sound through an index.
func AmnesiaDoubt(sound Index, term Term) Doubt {
	return Doubt{Sound: sound, Through: math.MaxUint64, Term: max(term, 1)}
}

// Newborn reports whether nothing is known about what the node did before.
func (d *Doubt) Newborn() bool { return d.Through == math.MaxUint64 }

// Amnesia reports whether there certainly was something before: no cluster begins with a
// node like this, even if its log is empty.
func (d *Doubt) Amnesia() bool { return d.Newborn() && d.Term > 0 }
