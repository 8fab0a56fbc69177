package raft

import (
	"fmt"

	"github.com/raftbench/raftbench/core"
)

// ProgressState is how a leader replicates to one follower.
type ProgressState uint8

const (
	// StateProbe: where the logs part is not known, or the follower may be
	// gone. One message at a time.
	StateProbe ProgressState = iota
	// StateReplicate: the logs agree up to Next. Messages follow each other
	// without waiting, as many as the window allows.
	StateReplicate
	// StateSnapshot: the entries it needs are compacted; a snapshot is under way.
	StateSnapshot
)

func (s ProgressState) String() string {
	switch s {
	case StateProbe:
		return "probe"
	case StateReplicate:
		return "replicate"
	case StateSnapshot:
		return "snapshot"
	}
	return fmt.Sprintf("ProgressState(%d)", uint8(s))
}

// progress is what a leader knows about one follower.
type progress struct {
	id      core.NodeID
	part    part
	state   ProgressState
	session uint64 // responses from another are ignored

	match core.Index // Invariant: match < next
	next  core.Index

	// paused, in StateProbe: a probe was sent, and no other goes out before its
	// answer or a heartbeat's, or, if the follower was heard lately, the next heartbeat.
	// A failed probe leaves it set, so that a peer that is down is tried at the pace of
	// heartbeats and not in a loop.
	paused bool

	inflights       inflights  // empty but in StateReplicate
	pendingSnapshot core.Index // in StateSnapshot

	heard       uint64 // the tick of the last response
	agreed      uint64 // the tick of the last success
	sent        uint64 // the tick of the last probe, failure, append into an empty window, or progress
	readContext uint64 // the newest that the follower confirmed

	abstains bool       // it said so in its last acknowledgement: it does not vouch for what is not committed
	clock    clockWatch // not only of this term

	life     uint64     // of the newborn that was welcomed
	welcomed core.Index // where the log ended then

	// How fast it catches up (followRounds).
	roundEnd   core.Index // the end of the log when the round began
	roundStart uint64     // the tick at which it began
	caughtUp   bool       // the last round took no longer than an election timeout
}

// start begins a term of leadership.
func (p *progress) start(next core.Index, session, tick uint64) {
	p.session, p.match, p.readContext, p.abstains, p.life = session, 0, 0, false, 0
	p.heard, p.agreed = tick, tick
	p.roundEnd, p.roundStart, p.caughtUp = next, tick, false
	p.probe(next, false)
}

func (p *progress) probe(next core.Index, paused bool) {
	p.state, p.next, p.paused, p.pendingSnapshot = StateProbe, max(next, p.match+1), paused, 0
	p.inflights.reset()
}

func (p *progress) replicate(next core.Index) {
	p.state, p.next, p.paused, p.pendingSnapshot = StateReplicate, next, false, 0
	p.inflights.reset()
}

func (p *progress) waitForSnapshot(index core.Index) {
	p.probe(p.match+1, false)
	p.state, p.pendingSnapshot = StateSnapshot, index
}

// wants reports whether entries through last should be sent now.
func (p *progress) wants(last core.Index) bool {
	if p.next > last {
		return false
	}
	switch p.state {
	case StateProbe:
		return !p.paused
	case StateReplicate:
		return !p.inflights.full()
	}
	return false
}

// sentEntries notes that a message with entries through last is under way.
func (p *progress) sentEntries(last core.Index, bytes int, tick uint64) {
	switch p.state {
	case StateProbe:
		p.paused, p.sent = true, tick
	case StateReplicate:
		if p.inflights.queue.len() == 0 {
			p.sent = tick
		}
		p.inflights.add(last, bytes)
		p.next = last + 1
	}
}

// acked notes that the follower's log agrees through match, and reports whether
// that is news.
func (p *progress) acked(match core.Index, tick uint64) bool {
	if match <= p.match {
		return false
	}
	p.match, p.sent = match, tick
	p.next = max(p.next, match+1)
	p.inflights.ack(match)
	return true
}

// appendFailed notes that the message whose entries end at last got no answer.
// Nothing more is sent before the follower gives a sign of life.
func (p *progress) appendFailed(last core.Index, tick uint64) {
	if p.state == StateReplicate && p.inflights.holds(last) {
		p.probe(p.match+1, true)
		p.sent = tick
	}
}

// snapshotFailed notes that the snapshot through index did not arrive.
func (p *progress) snapshotFailed(index core.Index, tick uint64) {
	if p.state == StateSnapshot && p.pendingSnapshot == index {
		p.probe(p.match+1, true)
		p.sent = tick
	}
}

func (p *progress) status() Progress {
	return Progress{
		Peer: p.id, State: p.state, Match: p.match, Next: p.next, Paused: p.paused, Session: p.session,
		Inflight: p.inflights.queue.len(), InflightBytes: p.inflights.bytes, PendingSnapshot: p.pendingSnapshot,
		Votes: p.part != 0, CaughtUp: p.caughtUp,
	}
}
