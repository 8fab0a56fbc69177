package raftlab

import (
	"sync"
	"time"
)

// maxCalls bounds the calls under way to one peer: the laboratory's network holds a
// call to a server that is gone for up to seven seconds. A call beyond it fails with
// the next tick.
const maxCalls = 256

// Raft is one server in real time. Its methods may be called concurrently.
type Raft struct {
	peers   []Caller
	disk    Persister
	stop    chan struct{} // closed by Kill
	silent  chan struct{} // closed when nothing more is handed to the service
	wake    chan struct{} // there is something to apply
	running sync.WaitGroup

	mu     sync.Mutex
	peer   *Peer
	killed bool
	calls  []int        // under way, by peer
	failed []failedCall // refused since the last tick, by maxCalls

	// heard says that a peer's request or response has arrived, or that there are no
	// peers. Nothing is handed to the service before: our Raft knows from its disk
	// what was committed before a crash, but in the paper it does not (commitIndex is
	// volatile in figure 2), and a suite may take Make to return before the first
	// message. MIT's does.
	heard bool

	// toApply are committed and not yet taken by the service. They are references
	// into the log, which the service is to keep short by snapshots.
	toApply []ApplyMsg
}

type failedCall struct {
	to   int
	args Args
}

// Options are what the laboratory's Make has no arguments for.
type Options struct {
	Codec Codec // default Gob
	Seed  uint64
}

// Make starts server me of peers from what its persister holds. It sends what is
// committed to applyCh in order, from a goroutine of its own, so that the service may
// call Snapshot before it takes the next. An error means that the persister holds
// something else. The types of peers and messages are the suite's own.
func Make[C Caller, M ApplyMessage](
	peers []C, me int, persister Persister, applyCh chan<- M, o Options,
) (*Raft, error) {
	if o.Codec == nil {
		o.Codec = Gob{}
	}
	r := &Raft{
		disk: persister, calls: make([]int, len(peers)), heard: len(peers) == 1,
		stop: make(chan struct{}), silent: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	for _, p := range peers {
		r.peers = append(r.peers, p)
	}
	peer, err := NewPeer(PeerConfig{
		Me: me, Peers: len(peers), Persister: persister, Codec: o.Codec, Seed: o.Seed,
		Send: r.call, Apply: r.queue,
	})
	if err != nil {
		return nil, err
	}
	r.peer = peer
	r.running.Go(r.tick)
	r.running.Go(func() { apply(r, applyCh) })
	return r, nil
}

// Start begins agreement on a command and does not wait for it. It returns the
// number that the command gets if it is ever committed, and the term. isLeader is
// false if this server does not take it.
func (r *Raft) Start(command any) (number, term int, isLeader bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.killed {
		return -1, -1, false
	}
	return r.peer.Start(command)
}

// GetState returns the term, and whether this server believes to lead in it.
func (r *Raft) GetState() (term int, isLeader bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.peer.GetState()
}

// Snapshot says that the service has saved its state through the command with that
// number, which it has taken from applyCh. The slice is the Raft's from then on.
func (r *Raft) Snapshot(number int, snapshot []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.killed {
		r.peer.Snapshot(number, snapshot)
	}
}

// PersistBytes returns how many bytes the persister holds beside the snapshot. A
// service takes a snapshot when they are too many.
func (r *Raft) PersistBytes() int { return len(r.disk.ReadRaftState()) }

// Handle answers a peer's call of Method.
func (r *Raft) Handle(args *Args, reply *Reply) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.killed {
		r.hear()
		r.peer.Handle(args, reply)
	}
}

// Kill ends the server: when it returns, nothing more is sent, answered, saved or
// handed to the service. It does not wait for calls under way; see Wait. A second call
// does nothing.
func (r *Raft) Kill() {
	r.mu.Lock()
	if !r.killed {
		r.killed = true
		close(r.stop)
	}
	r.mu.Unlock()
	<-r.silent
}

// Wait waits, after Kill, for all goroutines. The suite's network must end its calls.
func (r *Raft) Wait() { r.running.Wait() }

// tick is the clock.
func (r *Raft) tick() {
	ticker := time.NewTicker(TickMillis * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-ticker.C:
		}
		r.mu.Lock()
		if !r.killed {
			r.tickOnce()
		}
		r.mu.Unlock()
	}
}

func (r *Raft) tickOnce() {
	failed := r.failed
	r.failed = nil
	for i := range failed {
		r.peer.Complete(failed[i].to, &failed[i].args, nil, false)
	}
	r.peer.Tick()
}

// call is the Peer's Send; r.mu is held.
func (r *Raft) call(to int, args Args) {
	if r.calls[to] == maxCalls {
		r.failed = append(r.failed, failedCall{to, args})
		return
	}
	r.calls[to]++
	r.running.Go(func() {
		var reply Reply
		ok := r.peers[to].Call(Method, &args, &reply)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls[to]--
		if r.killed {
			return
		}
		if ok {
			r.hear()
		}
		r.peer.Complete(to, &args, &reply, ok)
	})
}

// queue is the Peer's Apply; r.mu is held, but by NewPeer.
func (r *Raft) queue(m ApplyMsg) {
	r.toApply = append(r.toApply, m)
	r.wakeApply()
}

// hear notes that a peer's message has arrived; r.mu is held.
func (r *Raft) hear() {
	if !r.heard {
		r.heard = true
		r.wakeApply()
	}
}

func (r *Raft) wakeApply() {
	if !r.heard {
		return
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// apply hands over to the service what is to be applied.
func apply[M ApplyMessage](r *Raft, applyCh chan<- M) {
	defer close(r.silent)
	for {
		select {
		case <-r.stop:
			return
		case <-r.wake:
		}
		for _, m := range r.takeToApply() {
			select {
			case <-r.stop:
				return
			case applyCh <- M(m):
			}
		}
	}
}

func (r *Raft) takeToApply() []ApplyMsg {
	r.mu.Lock()
	defer r.mu.Unlock()
	batch := r.toApply
	r.toApply = nil
	return batch
}
