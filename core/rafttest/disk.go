package rafttest

import (
	"slices"

	"github.com/raftbench/raftbench/core"
)

// disk is a node's storage. It is a core.Log of what was written, and remembers
// beside it what would survive a crash.
type disk struct {
	log     diskLog // what can be read
	durable diskLog // what survives
	state   core.HardState
	data    []byte         // of the newest snapshot, which is always durable
	written []diskSnapshot // finished, and durable, but not adopted
	writes  []diskWrite
	lost    bool     // writes end well and are lost
	newborn bool     // what the node did before may be forgotten
	doneAt  int64    // when the newest write will be durable
	done    []func() // what to do when each is, oldest first
}

// diskWrite is on its way to becoming durable.
type diskWrite struct {
	seq     uint64
	state   *core.HardState
	entries []core.Entry
}

// diskLog is a log behind a snapshot.
type diskLog struct {
	snapshot core.SnapshotMeta
	compact  core.Index // forgotten through here
	compactT core.Term
	entries  []core.Entry // from compact+1 on
}

// FirstIndex implements core.Log.
func (l *diskLog) FirstIndex() core.Index { return l.compact + 1 }

// LastIndex implements core.Log.
func (l *diskLog) LastIndex() core.Index { return l.compact + core.Index(len(l.entries)) }

// Term implements core.Log.
func (l *diskLog) Term(i core.Index) (core.Term, error) {
	switch {
	case i < l.compact:
		return 0, core.ErrCompacted
	case i == l.compact:
		return l.compactT, nil
	case i > l.LastIndex():
		return 0, core.ErrOutOfRange
	}
	return l.entries[i-l.compact-1].Term, nil
}

// Entries implements core.Log.
func (l *diskLog) Entries(lo, hi core.Index, maxBytes int) ([]core.Entry, error) {
	if lo <= l.compact {
		return nil, core.ErrCompacted
	}
	if hi > l.LastIndex()+1 {
		return nil, core.ErrOutOfRange
	}
	entries, bytes := l.entries[lo-l.compact-1:hi-l.compact-1], 0
	for i := range entries {
		if bytes += entries[i].SizeBytes(); bytes > maxBytes && i > 0 {
			entries = entries[:i]
			break
		}
	}
	return slices.Clone(entries), nil // or a later truncation would write to them
}

func (l *diskLog) has(i core.Index, t core.Term) bool {
	term, err := l.Term(i)
	return err == nil && term == t
}

// write appends or replaces the end.
func (l *diskLog) write(entries []core.Entry) {
	if len(entries) > 0 {
		l.entries = append(l.entries[:entries[0].Index-l.compact-1], entries...)
	}
}

// covers reports whether entry i, which is committed with this term, is there or
// stands behind the snapshot.
func (l *diskLog) covers(i core.Index, t core.Term) bool {
	return i <= l.snapshot.Index || l.has(i, t)
}

// configuration returns the last one in the log; the encoding is empty if the
// log holds none.
func (l *diskLog) configuration() (encoded string, index core.Index) {
	for k := len(l.entries) - 1; k >= 0 && l.entries[k].Index > l.snapshot.Index; k-- {
		if e := &l.entries[k]; e.Kind == core.EntryConfiguration {
			return string(e.Data), e.Index
		}
	}
	return "", 0
}

// save notes a snapshot; the log is emptied unless it holds its last entry.
func (l *diskLog) save(s core.SnapshotMeta) {
	l.snapshot = s
	if !l.has(s.Index, s.Term) {
		l.compact, l.compactT, l.entries = s.Index, s.Term, nil
	}
}

func (l *diskLog) forget(i core.Index) {
	if i <= l.compact || i > l.LastIndex() {
		return
	}
	t, _ := l.Term(i)
	l.entries = slices.Clone(l.entries[i-l.compact:])
	l.compact, l.compactT = i, t
}

// write takes in a Ready's write.
func (d *disk) write(seq uint64, state *core.HardState, entries []core.Entry) {
	d.log.write(entries)
	d.writes = append(d.writes, diskWrite{seq, state, entries})
}

// settle makes the writes through seq durable.
func (d *disk) settle(seq uint64) {
	for len(d.writes) > 0 && d.writes[0].seq <= seq {
		w := d.writes[0]
		d.writes = d.writes[1:]
		if d.lost {
			continue
		}
		if w.state != nil {
			d.state = *w.state
		}
		d.durable.write(w.entries)
	}
}

// diskSnapshot is a snapshot that the next start will find. undurable is for a bug: it
// will not.
type diskSnapshot struct {
	meta      core.SnapshotMeta
	data      []byte
	undurable bool
}

// finish makes a snapshot durable.
func (d *disk) finish(s core.SnapshotMeta, data []byte) {
	d.written = append(d.written, diskSnapshot{meta: s, data: slices.Clone(data)})
}

// unfinished is finish, but for the durability.
func (d *disk) unfinished(s core.SnapshotMeta, data []byte) {
	d.written = append(d.written, diskSnapshot{s, slices.Clone(data), true})
}

// drop deletes a snapshot that was finished.
func (d *disk) drop(s core.SnapshotMeta) {
	d.written = slices.DeleteFunc(d.written, func(w diskSnapshot) bool { return w.meta == s })
}

// adopt makes a finished snapshot the newest, and reports false if it is not there. With
// the snapshot everything that was written before it is durable, if it drops the log.
func (d *disk) adopt(s core.SnapshotMeta) (data []byte, ok bool) {
	i := slices.IndexFunc(d.written, func(w diskSnapshot) bool { return w.meta == s })
	if i < 0 {
		return nil, false
	}
	w := d.written[i]
	d.drop(s)
	if w.undurable {
		d.log.save(s)
	} else {
		d.save(s, w.data)
	}
	return w.data, true
}

func (d *disk) save(s core.SnapshotMeta, data []byte) {
	if !d.log.has(s.Index, s.Term) {
		for len(d.writes) > 0 {
			d.settle(d.writes[0].seq)
		}
		d.durable.save(s)
	}
	d.log.save(s)
	d.durable.snapshot = s
	d.data = data
}

// forget compacts the log. What is durable may keep more, and does while writes
// are under way: it may still hold entries there that they replace.
func (d *disk) forget(i core.Index) {
	d.log.forget(i)
	if len(d.writes) == 0 {
		d.durable.forget(i)
	}
}

// keep has what another disk has durably of its log through last, and neither its term nor
// its vote.
func (d *disk) keep(other *disk, last core.Index) {
	d.durable, d.data = other.durable, other.data
	d.durable.entries = slices.Clone(d.durable.entries[:last-d.durable.compact])
	d.log = d.durable
	d.log.entries = slices.Clone(d.durable.entries)
}

// crash loses what is not durable. survivors of the writes under way were
// durable already, though nobody was told, and of the next one the first torn
// entries, without its hard state.
func (d *disk) crash(survivors, torn int) {
	for range survivors {
		d.settle(d.writes[0].seq)
	}
	if torn > 0 && !d.lost {
		d.durable.write(d.writes[0].entries[:torn])
	}
	d.writes, d.done, d.doneAt, d.lost = nil, nil, 0, false
	for _, w := range d.written {
		if w.meta.Index > d.durable.snapshot.Index && !w.undurable {
			d.durable.snapshot, d.data = w.meta, w.data
		}
	}
	d.written = nil
	// A snapshot may be of entries that were committed and applied but not yet
	// durable here.
	d.durable.save(d.durable.snapshot)
	d.log = d.durable
	d.log.entries = slices.Clone(d.durable.entries)
}
