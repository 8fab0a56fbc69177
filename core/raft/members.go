package raft

import (
	"fmt"

	"github.com/raftbench/raftbench/core"
)

// members holds the configuration in force, which is the latest in the log,
// committed or not (dissertation §4.1), and those before it that come back if
// the log is cut.
type members struct {
	// known is in the order of the log.
	//
	// Invariant: it is not empty, and its first lies at or before the snapshot,
	// or is what the node was started with.
	known []placed
}

// placed is a configuration and the entry that brought it; zero for none.
type placed struct {
	core.Configuration
	index core.Index
}

func (m *members) latest() *placed { return &m.known[len(m.known)-1] }

// at returns the configuration in force at entry i.
func (m *members) at(i core.Index) *placed {
	k := len(m.known) - 1
	for k > 0 && m.known[k].index > i {
		k--
	}
	return &m.known[k]
}

func (m *members) push(index core.Index, c core.Configuration) {
	m.known = append(m.known, placed{c, index})
}

// truncate takes back the configurations after last, and reports whether there
// were any.
func (m *members) truncate(last core.Index) bool {
	n := len(m.known)
	for len(m.known) > 1 && m.latest().index > last {
		m.known = m.known[:len(m.known)-1]
	}
	return len(m.known) < n
}

// forget drops what lies before the configuration in force at entry i.
func (m *members) forget(i core.Index) {
	for len(m.known) > 1 && m.known[1].index <= i {
		m.known = m.known[1:]
	}
}

// newMembers reads the configurations of a snapshot, or what the node was
// started with, and of the log behind it.
func newMembers(cfg *Config) (members, error) {
	start := core.Configuration{Voters: cfg.Voters}
	first := placed{Configuration: start.Sorted()}
	if s := cfg.Snapshot; s.Config != "" {
		c, err := core.DecodeConfiguration([]byte(s.Config))
		if err != nil {
			return members{}, fmt.Errorf("raft: %v: %w", s, err)
		}
		first = placed{c, s.Index}
	}
	m := members{known: []placed{first}}
	next, last := max(cfg.Snapshot.Index+1, cfg.Log.FirstIndex()), cfg.Log.LastIndex()
	for next <= last {
		entries, err := cfg.Log.Entries(next, last+1, maxCommittedBytes)
		if err != nil || len(entries) == 0 {
			return m, fmt.Errorf("raft: Log: entries from %d: %w", next, err)
		}
		for i := range entries {
			if err := m.note(&entries[i]); err != nil {
				return m, fmt.Errorf("raft: Log: entry %d: %w", entries[i].Index, err)
			}
		}
		next += core.Index(len(entries))
	}
	return m, nil
}

// note takes over the configuration of an entry that was added to the log, if it
// is of that kind.
func (m *members) note(e *core.Entry) error {
	if e.Kind != core.EntryConfiguration {
		return nil
	}
	c, err := core.DecodeConfiguration(e.Data)
	if err != nil {
		return err
	}
	m.push(e.Index, c)
	return nil
}

// noteAll does it for entries that were found to be well-formed.
func (r *Raft) noteAll(entries []core.Entry) {
	for i := range entries {
		if err := r.members.note(&entries[i]); err != nil {
			r.brokenInvariant("entry %d: %v", entries[i].Index, err)
		}
	}
	r.adoptMembers()
}

// adoptMembers puts the latest configuration in force: who is sent entries and
// who counts. What is known about a follower stays, unless it is new.
func (r *Raft) adoptMembers() {
	latest := r.members.latest()
	r.part = partOf(&latest.Configuration, r.id)
	r.need = [2]int{majority(len(latest.Voters)), majority(len(latest.Outgoing))}
	old := r.peers
	r.peers = nil
	for _, id := range latest.Members() {
		if id == r.id {
			continue
		}
		p := progressOf(old, id)
		if p == nil {
			p = r.newProgress(id)
		}
		p.part = partOf(&latest.Configuration, id)
		r.peers = append(r.peers, *p)
	}
}

// newProgress begins with a follower that was no member before: a session of its
// own, so that no answer from an earlier membership is taken for one of this.
func (r *Raft) newProgress(id core.NodeID) *progress {
	p := &progress{id: id, inflights: inflights{maxCount: r.cfg.MaxInflight, maxBytes: r.cfg.MaxInflightBytes}}
	if r.role == Leader {
		r.sessions++
		p.start(r.log.last, r.sessions, r.ticks)
	}
	return p
}

// Configuration returns the configuration in force and the index of the entry
// that brought it, zero if none did. Its lists must not be written to.
func (r *Raft) Configuration() (core.Configuration, core.Index) {
	latest := r.members.latest()
	return latest.Configuration, latest.index
}

// SnapshotMeta describes a snapshot through entry i, which must have been
// applied and lie behind the newest snapshot.
func (r *Raft) SnapshotMeta(i core.Index) (core.SnapshotMeta, error) {
	term, err := r.log.term(i)
	if err != nil {
		return core.SnapshotMeta{}, fmt.Errorf("raft: term of entry %d: %w", i, err)
	}
	return core.SnapshotMeta{Index: i, Term: term, Config: r.members.at(i).Encode()}, nil
}
