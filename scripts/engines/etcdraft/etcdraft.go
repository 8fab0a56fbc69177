// Package etcdraft is a driver for etcd's Raft library, which comes without one: a
// node with etcd's write-ahead log and connections of its own. It does what the library's
// authors advise and what etcd itself does, and no more than a measurement needs: no
// snapshots, no change of members.
//
// What makes it fast: everything that arrived is stepped before one Ready is made; all
// proposals of a turn are one message to the library, one write to the log and one append to
// each follower; at most two such batches are not committed, so that they are large; a leader
// sends before it writes (etcd's raftNode); of several acknowledgements in a Ready the
// last is sent (etcd's processMessages); one write to a socket for each peer and turn.
//
// Goroutines of a node: the loop, one that accepts connections, and one for each
// connection that was accepted. Close ends them all.
package etcdraft

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/server/v3/storage/wal/walpb"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// Config configures a node. All fields but Dir are required.
type Config struct {
	ID        uint64
	Addresses []string // of nodes 1, 2, ...: where they listen
	Dir       string   // of the log, whose parent must be there; empty: in memory

	// Apply is told of committed entries that carry a command, in order, by the loop. It
	// must not wait and must not keep the slice.
	Apply func([]raftpb.Entry)
}

// What etcd uses: heartbeats each 100 ms, elections after 1 to 2 s
// (etcdserver/raft.go, embed/config.go).
const (
	tick           = 100 * time.Millisecond
	electionTicks  = 10
	heartbeatTicks = 1
	maxAppendBytes = 1 << 20
	maxInflight    = 512
)

// maxBatches bounds the batches of proposals that are not committed.
const maxBatches = 2

// Node is one member. Its methods may be called concurrently.
type Node struct {
	config   Config
	raw      *raft.RawNode
	memory   *raft.MemoryStorage
	disk     *wal.WAL // nil: in memory
	listener net.Listener
	peers    map[uint64]*peer
	inbox    inbox

	// The loop's own.
	batches []uint64 // the last index of each that is not committed
	waiting []waiting
	ending  ending
	applied uint64

	loop  sync.WaitGroup
	conns connections

	mu   sync.Mutex
	lead uint64
}

// waiting is a proposal in the leader's log.
type waiting struct {
	proposal
	index uint64
	term  uint64
}

// ErrLost: the proposal may be committed or not, since the leader has changed or the
// node was closed.
var ErrLost = errors.New("etcdraft: leadership lost")

// firstIndex is where the log begins: the snapshot that says who the members are.
const firstIndex = 1

// Start starts a node from what is in its directory. A new node 1 stands for election
// at once.
func Start(c Config) (*Node, error) {
	n := &Node{config: c, memory: raft.NewMemoryStorage(), peers: map[uint64]*peer{}, applied: firstIndex}
	n.inbox.wake = make(chan struct{}, 1)
	members := raftpb.ConfState{}
	for i, address := range c.Addresses {
		id := uint64(i + 1)
		members.Voters = append(members.Voters, id)
		if id != c.ID {
			n.peers[id] = &peer{address: address}
		}
	}
	start := raftpb.SnapshotMetadata{Index: firstIndex, Term: 1, ConfState: members}
	if err := n.memory.ApplySnapshot(raftpb.Snapshot{Metadata: start}); err != nil {
		return nil, err
	}
	isNew, err := n.open(start)
	if err != nil {
		return nil, fmt.Errorf("etcdraft: node %d: %w", c.ID, err)
	}
	n.raw, err = raft.NewRawNode(&raft.Config{
		ID: c.ID, ElectionTick: electionTicks, HeartbeatTick: heartbeatTicks, Storage: n.memory, Applied: firstIndex,
		MaxSizePerMsg: maxAppendBytes, MaxInflightMsgs: maxInflight, CheckQuorum: true, PreVote: true,
		Logger: silent{},
	})
	if err == nil {
		n.listener, err = net.Listen("tcp", c.Addresses[c.ID-1])
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("etcdraft: node %d: %w", c.ID, err), n.closeDisk())
	}
	if isNew && c.ID == 1 {
		err = n.raw.Campaign()
	}
	n.conns.accept(n.listener, n.receive)
	n.loop.Go(n.run)
	return n, err
}

// open recovers what the log holds, or makes a new one.
func (n *Node) open(start raftpb.SnapshotMetadata) (isNew bool, err error) {
	if n.config.Dir == "" {
		return true, nil
	}
	first := walpb.Snapshot{Index: start.Index, Term: start.Term, ConfState: &start.ConfState}
	if !wal.Exist(n.config.Dir) {
		if n.disk, err = wal.Create(nil, n.config.Dir, nil); err != nil {
			return true, err
		}
		return true, n.disk.SaveSnapshot(first)
	}
	if n.disk, err = wal.Open(nil, n.config.Dir, first); err != nil {
		return false, err
	}
	_, hard, entries, err := n.disk.ReadAll()
	if err != nil {
		return false, err
	}
	return false, errors.Join(n.memory.SetHardState(hard), n.memory.Append(entries))
}

// Leader returns who leads, as far as this node knows; zero for nobody.
func (n *Node) Leader() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lead
}

// Close ends the node. What is in its directory stays.
func (n *Node) Close() error {
	n.inbox.close()
	n.loop.Wait()
	n.conns.close()
	for _, p := range n.peers {
		p.close()
	}
	return n.closeDisk()
}

func (n *Node) closeDisk() error {
	if n.disk == nil {
		return nil
	}
	return n.disk.Close()
}

// silent is the library's logger: it says nothing, unless an invariant is broken.
type silent struct{}

func (silent) Debug(...any)              {}
func (silent) Debugf(string, ...any)     {}
func (silent) Error(...any)              {}
func (silent) Errorf(string, ...any)     {}
func (silent) Info(...any)               {}
func (silent) Infof(string, ...any)      {}
func (silent) Warning(...any)            {}
func (silent) Warningf(string, ...any)   {}
func (silent) Fatal(v ...any)            { panic(fmt.Sprint(v...)) }
func (silent) Fatalf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }
func (silent) Panic(v ...any)            { panic(fmt.Sprint(v...)) }
func (silent) Panicf(f string, v ...any) { panic(fmt.Sprintf(f, v...)) }
