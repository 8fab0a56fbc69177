package raft

import "github.com/raftbench/raftbench/core"

// Raft is one member's state. The package comment has the cycle of its use. It
// has one user at a time.
type Raft struct {
	id  core.NodeID
	cfg Config
	rng rng

	// What must be durable before it is acted upon (dissertation figure 3.1).
	term             core.Term
	vote             core.NodeID
	hardStateChanged bool // since the last Ready
	storedCommit     core.Index

	role   Role
	leader core.NodeID // of this term; zero if unknown

	log    raftLog
	writes writes

	// Invariant: applied <= delivered <= commit <= log.last, and commit never
	// goes back.
	commit    core.Index
	delivered core.Index // given out in Ready.Committed or Ready.Snapshot
	applied   core.Index // as the driver reported

	// What a follower knows that is committed is what the leader said, as far as its log is
	// known to agree with this term's leader's.
	told     core.Index
	verified core.Index // of this term
	agreedIn uint64     // the newest session of that leader in which it was told where the logs agree

	installing core.Index // of the newest Ready.Snapshot: nothing is delivered before applied has reached it

	snapshot core.SnapshotMeta // the newest durable one

	ticks            uint64 // since the start
	skipped          uint64 // ticks that were told by Skip
	electionElapsed  int    // ticks since the leader was heard, a vote was given, or an election began
	electionTimeout  int
	heartbeatElapsed int
	promise          uint64 // the tick before which a leader relies on this node's staying out of elections

	newborn newborn // zero, unless this node may have forgotten what it did

	// A candidate's.
	ballot   ballot
	transfer bool // this election was asked for by the leader

	members members
	part    part       // this node's in the configuration in force
	need    [2]int     // how many decide, of Voters and of Outgoing
	peers   []progress // the other members, by ID

	// A leader's.
	matches         []core.Index // memory of quorumMatch
	termStart       core.Index   // of the entry that began the term
	backlog         backlog
	reads           readQueue
	lease           lease
	fastClocks      []FastClock // that no Ready has given out
	sessions        uint64      // the newest replication session
	forgetful       core.NodeID
	transferee      core.NodeID
	transferElapsed int

	out outbox
}

// New returns a follower in the state that cfg says was durable. An error names
// the field that is wrong.
func New(cfg Config) (*Raft, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	log, err := newLog(cfg.Log)
	if err != nil {
		return nil, err
	}
	members, err := newMembers(&cfg)
	if err != nil {
		return nil, err
	}
	r := &Raft{
		id: cfg.ID, cfg: cfg, rng: newRNG(cfg.Seed, cfg.ID),
		term: cfg.HardState.Term, vote: cfg.HardState.Vote,
		log: log, writes: writes{durable: log.last}, members: members,
		commit: max(cfg.HardState.Commit, cfg.Snapshot.Index), storedCommit: cfg.HardState.Commit,
		delivered: cfg.Snapshot.Index, applied: cfg.Snapshot.Index, snapshot: cfg.Snapshot,
	}
	if log.lastTerm > r.term {
		// A snapshot becomes durable before the term in which it arrived. No
		// vote was given in that term, or it would be durable.
		r.setTerm(log.lastTerm)
	}
	r.adoptMembers()
	r.lease.ticks, r.lease.driftPercent = uint64(cfg.leaseTicks()), uint64(cfg.LeaseDriftPercent)
	if r.term > 0 {
		r.promiseQuiet() // it may have promised just before it went down
	}
	r.resetElectionTimeout()
	r.newborn = newNewborn(&cfg)
	r.askFounders()
	r.maybeFounded() // if it is the only one
	return r, nil
}

// Tick says that one tick of time has passed. It never waits for a write.
func (r *Raft) Tick() {
	r.ticks++
	switch {
	case r.Newborn():
		r.tickNewborn()
		return
	case r.role == Leader:
		r.tickLeader()
		return
	}
	r.electionElapsed++
	if r.electionElapsed >= r.electionTimeout {
		r.campaign(false)
		return
	}
	if r.role != Follower {
		r.askAgain()
	}
}

func (r *Raft) tickLeader() {
	if !r.isAlone() && r.writes.stalled(r.ticks, uint64(r.cfg.ElectionTicks)) {
		// Heartbeats need no disk. A leader whose disk hangs would otherwise
		// keep the cluster waiting for as long as the disk does.
		r.becomeFollower(r.term, 0)
		return
	}
	if !r.cfg.DisableCheckQuorum && !r.isQuorum(r.heardLately) {
		r.becomeFollower(r.term, 0)
		return
	}
	r.tickTransfer()
	r.heartbeatElapsed++
	if r.heartbeatElapsed >= r.cfg.HeartbeatTicks {
		r.heartbeatElapsed = 0
		r.broadcastHeartbeat()
	}
}

// heardLately reports whether a leader heard from p within an election timeout.
func (r *Raft) heardLately(p *progress) bool {
	return r.ticks-p.heard <= uint64(r.cfg.ElectionTicks)
}

func (r *Raft) setTerm(term core.Term) {
	r.term, r.vote, r.verified, r.agreedIn = term, 0, 0, 0
	r.hardStateChanged = true
}

func (r *Raft) resetElectionTimeout() {
	r.electionElapsed = 0
	r.electionTimeout = r.cfg.ElectionTicks + r.rng.intN(r.cfg.ElectionTicks)
}
