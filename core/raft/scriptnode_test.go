package raft

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/raftbench/raftbench/core"
)

// scriptNode is one node of a script.
type scriptNode struct {
	w     *scriptWorld
	id    core.NodeID
	cfg   Config
	raft  *Raft // nil while it is down
	log   *testLog
	state core.HardState // durable
	kept  []core.Entry   // the log as far as it is durable
	slow  bool
	under []scriptWrite
	was   string
	lives uint64
}

// scriptWrite is a write under way, and the log after it.
type scriptWrite struct {
	testWrite
	log []core.Entry
}

func (n *scriptNode) commands() map[string]func([]string) {
	return map[string]func([]string){
		"campaign": func([]string) { n.raft.Campaign() },
		"tick":     n.tick,
		"skip":     func(args []string) { n.raft.Skip(uint64(count(args))) },
		"propose":  n.propose,
		"read":     n.read,
		"transfer": func(args []string) { n.report(n.raft.TransferLeadership(n.w.node(args[0]).id)) },
		"change":   n.change,
		"slow":     func([]string) { n.slow = true },
		"fast":     func([]string) { n.slow = false; n.persist(len(n.under)) },
		"persist":  func(args []string) { n.persist(count(args)) },
		"crash":    func([]string) { n.crash() },
		"restart":  func([]string) { n.start() },
		"wipe":     func([]string) { n.wipe() },
		"snapshot": func([]string) { n.snapshot() },
		"log":      func([]string) { n.w.say("%s", n.describeLog()) },
		"status":   func([]string) { n.w.say("%s", n.describeStatus()) },
	}
}

func count(args []string) int {
	if len(args) == 0 {
		return 1
	}
	k, _ := strconv.Atoi(args[0])
	return k
}

func (n *scriptNode) report(err error) {
	if err != nil {
		n.w.say("%d refuses: %v", uint64(n.id), err)
	}
}

func (n *scriptNode) start() {
	n.cfg.ID, n.cfg.Log, n.cfg.HardState, n.cfg.Snapshot = n.id, n.log, n.state, n.log.snapshot
	if n.cfg.Newborn != 0 {
		n.lives++
		n.cfg.Newborn = 1000*n.lives + uint64(n.id)
	}
	r, err := New(n.cfg)
	if err != nil {
		n.w.t.Fatal(err)
	}
	n.raft, n.was = r, ""
	n.drain()
}

func (n *scriptNode) crash() {
	n.raft, n.under, n.slow = nil, nil, false
	n.log.entries = slices.Clone(n.kept)
}

// wipe takes the node down and loses its disk.
func (n *scriptNode) wipe() {
	n.crash()
	n.log, n.state, n.kept, n.cfg.Newborn = &testLog{}, core.HardState{}, nil, 1
}

func (n *scriptNode) tick(args []string) {
	for range count(args) {
		n.raft.Tick()
		n.drain()
	}
}

func (n *scriptNode) propose(args []string) {
	var commands [][]byte
	for _, a := range args {
		commands = append(commands, []byte(a))
	}
	_, _, err := n.raft.Propose(commands)
	n.report(err)
}

func (n *scriptNode) read([]string) {
	_, err := n.raft.ReadIndex()
	n.report(err)
}

func (n *scriptNode) change(args []string) {
	var to core.Configuration
	for _, arg := range args {
		word, list, _ := strings.Cut(arg, "=")
		var ids []core.NodeID
		for _, id := range strings.Split(list, ",") {
			ids = append(ids, n.w.node(id).id)
		}
		if word == "voters" {
			to.Voters = ids
		} else {
			to.Learners = ids
		}
	}
	_, _, err := n.raft.ChangeMembership(to)
	n.report(err)
}

func (n *scriptNode) snapshot() {
	meta, err := n.raft.SnapshotMeta(n.raft.applied)
	if err != nil {
		n.w.t.Fatal(err)
	}
	n.log.compact(meta.Index)
	n.log.snapshot = meta
	n.keep()
	n.raft.SetSnapshot(meta)
}

// receive takes in a message. A snapshot comes in one piece.
func (n *scriptNode) receive(f flight) {
	switch {
	case n.raft == nil:
		n.w.say("%d is down", uint64(n.id))
		return
	case f.Response != nil:
		n.raft.StepResponse(f.Response)
	default:
		n.w.tokens++
		req := f.Request
		if q, ok := req.(*core.InstallSnapshotRequest); ok {
			whole := *q
			whole.Done = true
			req = &whole
		}
		if err := n.raft.Step(n.w.tokens, req); err != nil {
			n.w.t.Fatal(err)
		}
	}
	n.drain()
}

// drain does what is ready and says what changed.
func (n *scriptNode) drain() {
	if n.raft == nil {
		return
	}
	for n.raft.HasReady() {
		if n.cfg.Newborn != 0 && !n.raft.Newborn() {
			n.cfg.Newborn = 0
			n.w.say("%d remembers", uint64(n.id))
		}
		rd := n.raft.Ready()
		n.sayChanges()
		if rd.Snapshot.Index != 0 {
			n.log.install(rd.Snapshot)
			n.raft.Applied(rd.Snapshot.Index)
			n.w.say("%d installs %v", uint64(n.id), rd.Snapshot)
			n.keep()
		}
		n.log.write(rd.Entries)
		n.w.send(n.id, rd.Messages)
		if rd.Seq != 0 {
			n.under = append(n.under, scriptWrite{testWrite{rd.Seq, rd.HardState, rd.AfterPersist}, slices.Clone(n.log.entries)})
		}
		n.apply(rd.Committed)
		for _, r := range rd.Reads {
			n.w.say("%d answers read %d at %d", uint64(n.id), r.Context, r.Index)
		}
		for _, context := range rd.ReadsLost {
			n.w.say("%d loses read %d", uint64(n.id), context)
		}
		for _, c := range rd.FastClocks {
			n.w.say("%d finds the clock of %d too fast: %d ticks in less than %d", uint64(n.id), uint64(c.Voter), c.Theirs, c.Ours)
		}
		if !n.slow {
			n.persist(len(n.under))
		}
	}
	n.sayChanges()
}

func (n *scriptNode) apply(entries []core.Entry) {
	if len(entries) == 0 {
		return
	}
	last := entries[len(entries)-1].Index
	n.raft.Applied(last)
	n.w.say("%d applies through %d", uint64(n.id), last)
}

// persist makes the oldest writes durable.
func (n *scriptNode) persist(k int) {
	for range min(k, len(n.under)) {
		write := n.under[0]
		n.under = n.under[1:]
		if write.state != nil {
			n.state = *write.state
		}
		n.kept = write.log
		n.raft.Persisted(write.seq)
		n.w.send(n.id, write.after)
	}
}

// keep notes that the log is durable as it is.
func (n *scriptNode) keep() { n.kept = slices.Clone(n.log.entries) }

// sayChanges says what is new about the node's role, term and members.
func (n *scriptNode) sayChanges() {
	c, _ := n.raft.Configuration()
	now := fmt.Sprintf("%v of term %d; %v", n.raft.Role(), n.raft.Term(), c)
	if now != n.was && n.was != "" {
		n.w.say("%d is %s", uint64(n.id), now)
	}
	n.was = now
}
