package core

import "strconv"

// EntryKind says who an entry is for.
type EntryKind uint8

const (
	// EntryCommand carries a client's command for the state machine.
	EntryCommand EntryKind = iota
	// EntryNoOp is what a leader appends when it is elected, so that it can
	// commit what earlier terms left behind (dissertation §3.6.2, §6.4).
	EntryNoOp
	// EntryConfiguration carries an encoded Configuration, which is in force from
	// the moment that the entry is in a log (§4.1). A cluster's first entry is one.
	EntryConfiguration
)

// Entry is one slot of the replicated log.
//
// An entry that a log holds never changes: neither the log nor its readers may
// write to Data.
type Entry struct {
	Index Index
	Term  Term
	Kind  EntryKind
	Data  []byte
}

// EntryOverheadBytes is what an entry counts beyond its data wherever a limit
// is given in bytes, so that empty entries are not free.
const EntryOverheadBytes = 16

// SizeBytes is what the entry counts against a limit in bytes.
func (e *Entry) SizeBytes() int { return EntryOverheadBytes + len(e.Data) }

// EntriesSizeBytes is the sum over entries of SizeBytes.
func EntriesSizeBytes(entries []Entry) int {
	n := 0
	for i := range entries {
		n += entries[i].SizeBytes()
	}
	return n
}

// HardState is what a node must have made durable before it answers anyone
// (dissertation figure 3.1, "persistent state"), with the commit index added so
// that a restart applies sooner.
type HardState struct {
	Term   Term
	Vote   NodeID // whom this node voted for in Term; zero for nobody
	Commit Index  // a hint: it may lag behind what was committed
}

// SnapshotMeta says which prefix of the log a snapshot stands for.
type SnapshotMeta struct {
	Index Index // the last entry the snapshot covers; zero: there is no snapshot
	Term  Term  // the term of that entry

	// Config is the Configuration in force at that entry, encoded. Empty: that
	// which the node was started with. It is a string so that it cannot change
	// and metas can be compared.
	Config string
}

func (m SnapshotMeta) String() string {
	return "snapshot through " + strconv.FormatUint(uint64(m.Index), 10)
}
