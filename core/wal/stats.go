package wal

import (
	"sync"
	"time"

	"github.com/raftbench/raftbench/core/batch"
)

// meters measure what the writer does. A sync is timed around the call, so that the
// time includes what the Go scheduler took to notice its end.
type meters struct {
	mu     sync.Mutex
	syncs  batch.Histogram // ns
	bytes  batch.Histogram // of frames, in whole sectors
	writes batch.Histogram // in a frame
}

func (m *meters) frame(bytes, writes int, synced bool, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes.Record(int64(bytes))
	m.writes.Record(int64(writes))
	if synced {
		m.syncs.Record(int64(took))
	}
}

// Distributions returns what writing was like since the log was opened, in this
// order. It may be called at any time, also concurrently.
//
//   - wal_fsync_ns: how long each sync of a frame took; none without syncs
//   - wal_frame_bytes: the bytes that were written, and synced, at once
//   - wal_frame_writes: how many calls of Write shared them
func (l *Log) Distributions() []batch.Distribution {
	m := &l.writer.meters
	m.mu.Lock()
	defer m.mu.Unlock()
	return []batch.Distribution{
		{Name: "wal_fsync_ns", Unit: "ns", Histogram: m.syncs},
		{Name: "wal_frame_bytes", Unit: "bytes", Histogram: m.bytes},
		{Name: "wal_frame_writes", Unit: "writes", Histogram: m.writes},
	}
}
