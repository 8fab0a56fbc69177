package node

import (
	"fmt"
	"math"

	"github.com/raftbench/raftbench/core/snapshot"
)

// SnapshotConfig says when a node takes snapshots, how fast it moves them, and whose
// it takes.
type SnapshotConfig struct {
	// Entries is the number of entries applied after which the state is saved and
	// the log compacted, Bytes that of their bytes (core.EntriesSizeBytes); whichever
	// comes first.
	//
	// Bytes bounds what the log keeps in memory. Zero: 128 MiB, or a quarter of the
	// bytes of the last snapshot if that is more: a large state is not written for a
	// few changes (dissertation §5.1.2). Entries zero: if Bytes is zero too, 131,072,
	// but not before that quarter; otherwise not for this reason.
	Entries int
	Bytes   int

	// BytesPerSecond bounds how fast snapshots are written and sent, all together,
	// so that they leave the disk, the network and the CPU to the log. Default 32
	// MiB; negative: no bound.
	BytesPerSecond int

	// ChunkBytes is the size of the pieces in which a snapshot is sent; one of them
	// is under way to a follower at a time. Default 256 KiB.
	ChunkBytes int

	// Signer signs the snapshots that this node takes. Nil: they are not signed.
	Signer *snapshot.Signer

	// Trust is whose snapshots are taken from others. Nil: anybody's.
	Trust *snapshot.Trust
}

// DefaultSnapshotRate is the default of SnapshotConfig.BytesPerSecond.
const DefaultSnapshotRate = 32 << 20

const (
	defaultSnapshotEntries = 1 << 17
	defaultSnapshotBytes   = 128 << 20
	stateFraction          = 4
)

func (c SnapshotConfig) withDefaults() SnapshotConfig {
	setDefault(&c.BytesPerSecond, DefaultSnapshotRate)
	setDefault(&c.ChunkBytes, 256<<10)
	return c
}

func (c SnapshotConfig) validate() error {
	for name, value := range map[string]int{"Entries": c.Entries, "Bytes": c.Bytes, "ChunkBytes": c.ChunkBytes} {
		if value < 0 {
			return fmt.Errorf("node: Snapshot.%s %d: must not be negative", name, value)
		}
	}
	return nil
}

// isDue reports whether a snapshot is, after so many entries and bytes were applied
// since the last one, which has stateBytes.
func (c *SnapshotConfig) isDue(entries, bytes, stateBytes uint64) bool {
	switch {
	case bytes >= c.logBytes(stateBytes):
		return true
	case c.Entries > 0:
		return entries >= uint64(c.Entries)
	case c.Bytes > 0:
		return false
	}
	return entries >= defaultSnapshotEntries && bytes >= stateBytes/stateFraction
}

// logBytes is how many bytes of entries make a snapshot due, whatever their number.
func (c *SnapshotConfig) logBytes(stateBytes uint64) uint64 {
	if c.Bytes > 0 {
		return uint64(c.Bytes)
	}
	return max(defaultSnapshotBytes, stateBytes/stateFraction)
}

// interval is the number of entries between two snapshots of so many bytes, roughly, if
// entries have meanBytes.
func (c *SnapshotConfig) interval(meanBytes, stateBytes uint64) uint64 {
	interval := uint64(math.MaxInt32)
	switch {
	case c.Entries > 0:
		interval = uint64(c.Entries)
	case c.Bytes == 0:
		interval = defaultSnapshotEntries
	}
	return min(interval, 1+c.logBytes(stateBytes)/meanBytes)
}
