package raftlab

import (
	"fmt"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/raft"
)

// How time is cut. The laboratory wants at most some ten heartbeats a second, and a new
// leader within five seconds also where most answers come too late: with ticks of
// TickMillis, heartbeats are 100 ms apart and elections time out after 400 to 800 ms.
const (
	TickMillis     = 50
	heartbeatTicks = 2
	electionTicks  = 8
)

// PeerConfig configures a Peer. All fields but Seed are required.
type PeerConfig struct {
	Me, Peers int // this server, from 0, of so many
	Persister Persister
	Codec     Codec

	// Send sends a request to a peer and does not wait. Handle answers it there, and
	// Complete tells of its end here, once. Send must not call the Peer.
	Send func(to int, args Args)

	// Apply takes what the service is to apply. It must not call the Peer.
	Apply func(ApplyMsg)

	// Seed makes the election timeouts, together with Me.
	Seed uint64
}

// Peer is one server, as the laboratory has it, in the hands of one user at a time
// who brings time and network.
type Peer struct {
	config PeerConfig
	raft   *raft.Raft
	log    *memlog.Log // what the persister holds, to be read by Raft
	state  core.HardState
	number numbering

	snapshot []byte // the service's newest
	arriving core.InstallSnapshotRequest
	answer   core.Response // to the request that is being handled
}

// NewPeer starts a server from what its persister holds.
func NewPeer(c PeerConfig) (*Peer, error) {
	saved, err := decodeState(c.Persister.ReadRaftState())
	if err != nil {
		return nil, err
	}
	p := &Peer{config: c, log: memlog.New(), state: saved.hard, snapshot: c.Persister.ReadSnapshot()}
	if err := p.keepSnapshot(saved.snapshot); err != nil {
		return nil, err
	}
	p.number.rest(saved.snapshot.Index, saved.number)
	if err := p.keep(&core.Write{Entries: saved.entries}); err != nil {
		return nil, err
	}
	p.raft, err = raft.New(raft.Config{
		ID: id(c.Me), Voters: ids(c.Peers), Log: p.log, HardState: saved.hard, Snapshot: saved.snapshot,
		ElectionTicks: electionTicks, HeartbeatTicks: heartbeatTicks, Seed: c.Seed,
	})
	if err != nil {
		return nil, fmt.Errorf("raftlab: server %d: %w", c.Me, err)
	}
	p.work()
	return p, nil
}

// id is the core's name of a server.
func id(server int) core.NodeID { return core.NodeID(server + 1) }

func ids(servers int) []core.NodeID {
	list := make([]core.NodeID, servers)
	for i := range list {
		list[i] = id(i)
	}
	return list
}

// Start begins agreement on a command, and returns the number that it gets if it is
// ever committed. isLeader is false if this server does not take it. A command that the
// codec does not know is a panic.
func (p *Peer) Start(command any) (number, term int, isLeader bool) {
	data, err := p.config.Codec.Encode(command)
	if err != nil {
		panic(err) // the suite has no way to take an error, and must not wait for a leader
	}
	index, t, err := p.raft.Propose([][]byte{data})
	if err != nil {
		return -1, int(p.raft.Term()), false
	}
	p.work()
	return p.number.numberOf(index), int(t), true
}

// GetState returns the term, and whether this server believes to lead in it.
func (p *Peer) GetState() (term int, isLeader bool) {
	return int(p.raft.Term()), p.raft.Role() == raft.Leader
}

// Tick says that TickMillis have passed.
func (p *Peer) Tick() {
	p.raft.Tick()
	p.work()
}

// Snapshot says that the service has saved its state through the command with that
// number, which it was told to apply. It is ignored if there is a newer one. The
// Peer keeps the slice.
func (p *Peer) Snapshot(number int, snapshot []byte) {
	if number <= p.number.number {
		return
	}
	meta, err := p.raft.SnapshotMeta(p.number.indexOf(number))
	if err == nil {
		p.snapshot = snapshot
		err = p.keepSnapshot(meta)
	}
	if err == nil {
		p.raft.SetSnapshot(meta)
		err = p.log.Compact(meta.Index)
	}
	if err != nil {
		panic(fmt.Sprintf("raftlab: server %d: snapshot through command %d: %v", p.config.Me, number, err))
	}
	p.number.rest(meta.Index, number)
	p.save()
	p.work()
}

// work does what is ready, in the order that package raft asks for. The disk is the
// persister's: what is saved is durable.
func (p *Peer) work() {
	for p.raft.HasReady() {
		rd := p.raft.Ready()
		if rd.Snapshot.Index != 0 {
			p.install(rd.Snapshot)
		}
		if rd.Seq != 0 {
			p.write(&rd)
		}
		p.send(rd.Messages)
		if rd.Seq != 0 {
			p.raft.Persisted(rd.Seq)
			p.send(rd.AfterPersist)
		}
		p.apply(rd.Committed)
	}
}

func (p *Peer) write(rd *raft.Ready) {
	if err := p.keep(&core.Write{HardState: rd.HardState, Entries: rd.Entries}); err != nil {
		panic(fmt.Sprintf("raftlab: server %d: %v", p.config.Me, err))
	}
	p.save()
}

// keep writes to the log in memory.
func (p *Peer) keep(w *core.Write) error {
	if w.HardState != nil {
		p.state = *w.HardState
	}
	p.number.wrote(w.Entries)
	var failed error
	p.log.Write(*w, func(err error) { failed = err })
	return failed
}

// keepSnapshot makes the log in memory rest on p.snapshot.
func (p *Peer) keepSnapshot(meta core.SnapshotMeta) error {
	if meta.Index == 0 {
		return nil
	}
	w, err := p.log.NewSnapshot(meta)
	if err != nil {
		return err
	}
	if err := w.Finish(func(core.SnapshotManifest) (core.Signature, error) { return core.Signature{}, nil }); err != nil {
		return err
	}
	return p.log.AdoptSnapshot(w)
}

// save gives the persister everything.
func (p *Peer) save() {
	_, meta, _ := p.log.State() // memlog's cannot fail
	s := state{hard: p.state, snapshot: meta, number: p.number.number, entries: p.entries(meta.Index + 1)}
	p.config.Persister.Save(s.encode(), p.snapshot)
}

// entries returns the log from an index on, in one piece.
func (p *Peer) entries(from core.Index) []core.Entry {
	var all []core.Entry
	for end := p.log.LastIndex() + 1; from < end; {
		piece, err := p.log.Entries(from, end, 1<<30)
		if err != nil {
			panic(fmt.Sprintf("raftlab: server %d: %v", p.config.Me, err))
		}
		all = append(all, piece...)
		from += core.Index(len(piece))
	}
	return all
}

// apply tells the service of committed commands.
func (p *Peer) apply(entries []core.Entry) {
	for i := range entries {
		e := &entries[i]
		if e.Kind != core.EntryCommand {
			continue
		}
		command, err := p.config.Codec.Decode(e.Data)
		if err != nil {
			panic(fmt.Sprintf("raftlab: server %d: entry %d: %v", p.config.Me, e.Index, err))
		}
		p.config.Apply(ApplyMsg{CommandValid: true, Command: command, CommandIndex: p.number.numberOf(e.Index)})
	}
	if n := len(entries); n > 0 {
		p.raft.Applied(entries[n-1].Index)
	}
}
