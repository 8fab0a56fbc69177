package node_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/snapshot"
	"github.com/raftbench/raftbench/core/wal"
)

const testCluster = 7

// follower is a node that a test sends snapshots to, as the leader of term 5.
type follower struct {
	*node.Node
	*wireless
	storage  core.Storage
	machine  *captured
	mu       sync.Mutex
	warnings []string
}

func startFollower(t *testing.T, storage core.Storage, config node.SnapshotConfig) *follower {
	t.Helper()
	f := &follower{storage: storage, machine: &captured{gate: make(chan bool)}, wireless: &wireless{replies: make(chan *core.Incoming, 10), calls: make(chan core.Request, 1000)}}
	var err error
	f.Node, err = node.Start(node.Config{
		ID: 2, Peers: []core.NodeID{1, 2}, Storage: storage, StateMachine: f.machine, Cluster: testCluster, Snapshot: config,
		Open: func(h core.Handler) (core.Transport, error) { f.handler = h; return f.wireless, nil },
		OnWarning: func(text string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.warnings = append(f.warnings, text)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Node.Close() })
	return f
}

// sent is a snapshot as a leader sends it.
type sent struct {
	meta    core.SnapshotMeta
	header  snapshot.Header
	content string
	session uint64
}

func newSent(index core.Index, content string) *sent {
	meta := core.SnapshotMeta{Index: index, Term: 3}
	return &sent{meta: meta, content: content, session: 1, header: snapshot.Header{Cluster: testCluster, SnapshotManifest: core.SnapshotManifest{
		Meta: meta, SizeBytes: uint64(len(content)), SHA256: sha256.Sum256([]byte(content)),
	}}}
}

// request is the chunk at an offset of the stream, with at most so many bytes of content.
func (s *sent) request(offset uint64, most int) *core.InstallSnapshotRequest {
	q := &core.InstallSnapshotRequest{From: 1, Term: 5, Snapshot: s.meta, Session: s.session, Offset: offset}
	head := s.header.Append(nil)
	if offset == 0 {
		q.Data = head
		return q
	}
	rest := s.content[offset-uint64(len(head)):]
	q.Data = []byte(rest[:min(most, len(rest))])
	q.Done = len(q.Data) == len(rest)
	return q
}

// send sends all of a snapshot in chunks of 4 bytes and returns the last answer, or why
// a chunk was refused.
func (f *follower) send(s *sent) (*core.InstallSnapshotResponse, error) {
	for offset := uint64(0); ; {
		q := s.request(offset, 4)
		a, err := f.try(q)
		if err != nil || q.Done || a.Match > 0 {
			return a, err
		}
		offset = a.NextOffset
	}
}

func (f *follower) try(q *core.InstallSnapshotRequest) (*core.InstallSnapshotResponse, error) {
	f.handler.Receive([]*core.Incoming{{Request: q, Response: q.Kind().NewResponse()}})
	r := <-f.replies
	return r.Response.(*core.InstallSnapshotResponse), r.Err
}

func (f *follower) waitApplied(t *testing.T, index core.Index) {
	t.Helper()
	waitStatus(t, f.Node, func(s node.Status) bool { return s.Applied == index })
}

func TestSnapshotArrivesInChunks_5_3(t *testing.T) {
	for _, content := range []string{"", "abc", "hello, world"} {
		f := startFollower(t, memlog.New(), node.SnapshotConfig{})
		if a, err := f.send(newSent(10, content)); err != nil || a.Match != 10 {
			t.Fatalf("%q: answered with %+v, %v", content, a, err)
		}
		f.waitApplied(t, 10)
		if f.machine.String() != content {
			t.Errorf("the state is %q, want %q", f.machine, content)
		}
		m, r, err := f.storage.OpenSnapshot()
		if err != nil || m.Meta.Index != 10 {
			t.Fatalf("stored %+v, %v", m, err)
		}
		if data, err := io.ReadAll(r); string(data) != content || err != nil {
			t.Errorf("stored %q, %v, want %q", data, err, content)
		}
	}
}

// What arrives together with the last chunk does not change what is installed, even if
// it begins another snapshot.
func TestSnapshotIsInstalledBeforeTheNextChunk(t *testing.T) {
	f := startFollower(t, memlog.New(), node.SnapshotConfig{})
	s, other := newSent(10, "helloworld"), newSent(11, "other")
	first, err := f.try(s.request(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	middle := s.request(first.NextOffset, 5)
	second, err := f.try(middle)
	if err != nil {
		t.Fatal(err)
	}
	last := &core.Incoming{Request: s.request(second.NextOffset, 5), Response: new(core.InstallSnapshotResponse)}
	next := &core.Incoming{Request: other.request(0, 0), Response: new(core.InstallSnapshotResponse)}
	f.handler.Receive([]*core.Incoming{last, next})
	for range 2 {
		if r := <-f.replies; r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	if match := last.Response.(*core.InstallSnapshotResponse).Match; match != 10 {
		t.Errorf("the last chunk was answered with match %d, want 10", match)
	}
	f.waitApplied(t, 10)
	if f.machine.String() != "helloworld" {
		t.Errorf("the state is %q, want both chunks", f.machine)
	}
}

// Of several chunks that come while one is written, the newest waits and the others
// are refused: nothing gathers.
func TestChunksDoNotGather(t *testing.T) {
	storage := &gated{Log: memlog.New(), open: make(chan bool)}
	f := startFollower(t, storage, node.SnapshotConfig{})
	s := newSent(10, "helloworld")
	first, err := f.try(s.request(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		f.handler.Receive([]*core.Incoming{{Request: s.request(first.NextOffset, 4), Response: new(core.InstallSnapshotResponse)}})
	}
	for range 3 {
		if r := <-f.replies; r.Err == nil {
			t.Fatalf("answered with %+v while a chunk is being written", r.Response)
		}
	}
	close(storage.open)
	for range 2 {
		if r := <-f.replies; r.Err != nil || r.Response.(*core.InstallSnapshotResponse).NextOffset != first.NextOffset+4 {
			t.Fatalf("answered with %+v, %v, want offset %d", r.Response, r.Err, first.NextOffset+4)
		}
	}
}

// gated is a log whose snapshots begin when it is opened.
type gated struct {
	*memlog.Log
	open chan bool
}

func (g *gated) NewSnapshot(meta core.SnapshotMeta) (core.SnapshotWriter, error) {
	<-g.open
	return g.Log.NewSnapshot(meta)
}

// A stream that begins anew with the same header, after its connection broke or its
// leader changed, goes on where it had stopped; one with another header begins.
func TestSnapshotGoesOnWhereItStopped(t *testing.T) {
	for name, other := range map[string]bool{"the same": false, "another": true} {
		t.Run(name, func(t *testing.T) {
			f := startFollower(t, memlog.New(), node.SnapshotConfig{})
			s := newSent(10, "hello, world")
			head := uint64(len(s.header.Append(nil)))
			first, err := f.try(s.request(0, 0))
			if err != nil || first.NextOffset != head {
				t.Fatalf("the header is answered with %+v, %v", first, err)
			}
			if a, err := f.try(s.request(head, 5)); err != nil || a.NextOffset != head+5 {
				t.Fatalf("the first chunk is answered with %+v, %v", a, err)
			}
			if a, err := f.try(s.request(head+9, 1)); err != nil || a.NextOffset != head+5 {
				t.Fatalf("a chunk beyond is answered with %+v, %v, want the offset that is missing", a, err)
			}
			want := head + 5
			if s.session++; other {
				s = newSent(10, "HELLO, WORLD")
				s.session, want = 2, head
			}
			if a, err := f.try(s.request(head+5, 1)); err != nil || a.NextOffset != 0 {
				t.Fatalf("a chunk of a stream without a header is answered with %+v, %v", a, err)
			}
			if a, err := f.try(s.request(0, 0)); err != nil || a.NextOffset != want {
				t.Fatalf("the second header is answered with %+v, %v, want offset %d", a, err, want)
			}
			if a, err := f.send(s); err != nil || a.Match != 10 {
				t.Fatalf("the rest is answered with %+v, %v", a, err)
			}
			f.waitApplied(t, 10)
			if f.machine.String() != s.content {
				t.Fatalf("the state is %q, want %q", f.machine, s.content)
			}
			if resumed := f.Stats().Resumed > 0; resumed != !other {
				t.Errorf("counted as resumed: %t", resumed)
			}
		})
	}
}

// A stale snapshot is refused with an answer that says how far the log is.
func TestStaleSnapshotIsAnswered_5_3(t *testing.T) {
	f := startFollower(t, memlog.New(), node.SnapshotConfig{})
	if a, err := f.send(newSent(10, "ten")); err != nil || a.Match != 10 {
		t.Fatal(a, err)
	}
	for _, index := range []core.Index{9, 10} {
		if a, err := f.send(newSent(index, "stale")); err != nil || a.Match != 10 {
			t.Errorf("snapshot %d is answered with %+v, %v, want match 10", index, a, err)
		}
	}
	f.waitApplied(t, 10)
	if f.machine.String() != "ten" || f.Stats().Installs != 1 {
		t.Errorf("the state is %q after %d installations", f.machine, f.Stats().Installs)
	}
}

// A snapshot that is not what it claims to be is refused and set aside, which the
// status, the counters and a warning say; and then a good one is taken.
func TestBadSnapshotIsRefused(t *testing.T) {
	signer, trust := keys(t)
	for name, c := range map[string]struct {
		spoil func(*sent)
		want  error
	}{
		"of another cluster":         {func(s *sent) { s.header.Cluster++ }, snapshot.ErrCluster},
		"with another index":         {func(s *sent) { s.header.Meta.Index++ }, snapshot.ErrHeader},
		"with another term":          {func(s *sent) { s.header.Meta.Term++ }, snapshot.ErrHeader},
		"with another configuration": {func(s *sent) { s.header.Meta.Config = "x" }, snapshot.ErrHeader},
		"with nonsense for members":  {func(s *sent) { s.header.Meta.Config, s.meta.Config = "x", "x" }, snapshot.ErrHeader},
		"not signed":                 {func(s *sent) { s.header.Signature = core.Signature{} }, snapshot.ErrUnsigned},
		"signed for another":         {func(s *sent) { s.header.SHA256[3]++ }, snapshot.ErrSignature},
		"with a changed signature":   {func(s *sent) { s.header.Signature[3]++ }, snapshot.ErrSignature},
		"cut short":                  {func(s *sent) { s.content = s.content[:5] }, snapshot.ErrContent},
		"lengthened":                 {func(s *sent) { s.content += "!" }, snapshot.ErrContent},
		"with another content":       {func(s *sent) { s.content = strings.ToUpper(s.content) }, snapshot.ErrContent},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			log, err := wal.Open(wal.Options{Dir: dir, Identity: wal.Identity{Cluster: testCluster, Node: 2}, SegmentBytes: 64 << 10})
			if err != nil {
				t.Fatal(err)
			}
			f := startFollower(t, log, node.SnapshotConfig{Trust: trust})
			bad, good := newSent(10, "hello, world"), newSent(10, "hello, world")
			for _, s := range []*sent{bad, good} {
				s.header.Signature = signer.Sign(testCluster, s.header.SnapshotManifest)
			}
			c.spoil(bad)
			for range 3 {
				if a, err := f.send(bad); err == nil || !strings.Contains(err.Error(), c.want.Error()) {
					t.Fatalf("answered with %+v, %v, want %v", a, err, c.want)
				}
			}
			waitStatus(t, f.Node, func(s node.Status) bool { return strings.Contains(s.Refused, c.want.Error()) })
			if a, err := f.send(good); err != nil || a.Match != 10 {
				t.Fatalf("a good one afterwards: %+v, %v", a, err)
			}
			f.waitApplied(t, 10)
			if n := f.Stats().Refused; n != 3 {
				t.Errorf("%d refused, want 3", n)
			}
			if err := f.Node.Close(); err != nil {
				t.Fatal(err)
			}
			if kept, _ := filepath.Glob(filepath.Join(dir, "*.refused")); len(kept) != 1 {
				t.Errorf("set aside are %v, want one", kept)
			}
			if len(f.warnings) != 1 || !strings.Contains(f.warnings[0], c.want.Error()) {
				t.Errorf("warnings %q, want one", f.warnings)
			}
		})
	}
}

// keys makes a key as openssl would, and reads it back.
func keys(t *testing.T) (*snapshot.Signer, *snapshot.Trust) {
	t.Helper()
	private, public := filepath.Join(t.TempDir(), "key.pem"), filepath.Join(t.TempDir(), "pub.pem")
	for path, text := range map[string]string{
		private: "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n", // RFC 8410
		public:  "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := snapshot.LoadSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := snapshot.LoadTrust(public)
	if err != nil {
		t.Fatal(err)
	}
	return s, tr
}

// A node whose stored snapshot has a signature that does not hold does not start.
func TestStoredSignatureIsVerified(t *testing.T) {
	_, trust := keys(t)
	log := memlog.New()
	w, err := log.NewSnapshot(core.SnapshotMeta{Index: 3, Term: 1})
	if err == nil {
		err = w.Finish(func(core.SnapshotManifest) (core.Signature, error) { return core.Signature{1}, nil })
	}
	if err = errors.Join(err, log.AdoptSnapshot(w)); err != nil {
		t.Fatal(err)
	}
	_, err = node.Start(node.Config{
		ID: 2, Peers: []core.NodeID{1, 2}, Storage: log, StateMachine: new(journal), Snapshot: node.SnapshotConfig{Trust: trust},
		Open: func(core.Handler) (core.Transport, error) { return new(wireless), nil },
	})
	if !errors.Is(err, snapshot.ErrSignature) {
		t.Fatalf("started with %v, want %v", err, snapshot.ErrSignature)
	}
}

// A snapshot that is being taken when a newer one is installed is dropped when it is
// done, and only then does the state machine load the newer one.
func TestSnapshotIsInstalledWhileOneIsTaken_5_3(t *testing.T) {
	f := startFollower(t, memlog.New(), node.SnapshotConfig{Entries: 3})
	var entries []core.Entry
	for i := range core.Index(5) {
		entries = append(entries, core.Entry{Index: i + 1, Term: 3, Data: []byte("x")})
	}
	f.ask(t, &core.AppendEntriesRequest{From: 1, Term: 5, Entries: entries, Commit: 5})
	f.waitApplied(t, 5)
	for deadline := time.Now().Add(20 * time.Second); f.machine.captures.Load() == 0; {
		if time.Now().After(deadline) {
			t.Fatal("no snapshot is taken")
		}
		time.Sleep(time.Millisecond)
	}
	if a, err := f.send(newSent(10, "hello, world")); err != nil || a.Match != 10 {
		t.Fatalf("answered with %+v, %v", a, err)
	}
	waitStatus(t, f.Node, func(s node.Status) bool { return s.Snapshot == 10 })
	if s := f.Status(); s.Applied != 5 || f.machine.String() != "xxxxx" {
		t.Fatalf("the state machine was given the snapshot while another one was written: %+v", s)
	}
	close(f.machine.gate)
	f.waitApplied(t, 10)
	m, _, err := f.storage.OpenSnapshot()
	if err != nil || m.Meta.Index != 10 || f.machine.String() != "hello, world" || f.Stats().Snapshots != 0 {
		t.Fatalf("stored %+v, %v, state %q, %d taken", m, err, f.machine, f.Stats().Snapshots)
	}
}

// captured is a journal whose captures are written when the gate is opened.
type captured struct {
	journal
	gate     chan bool
	captures atomic.Int32
}

type capture struct {
	*captured
	text string
}

func (c *captured) Capture() core.Capture {
	c.captures.Add(1)
	return &capture{c, c.String()}
}

func (c *capture) WriteSnapshot(w io.Writer) error {
	<-c.gate
	_, err := io.WriteString(w, c.text)
	return err
}

func (c *capture) Release() {}

// While a snapshot is written commands go on, and the snapshot has the state of the
// moment at which it was begun.
func TestSnapshotIsTakenWhileTheNodeGoesOn_5_1_1(t *testing.T) {
	machine, log := &captured{gate: make(chan bool)}, memlog.New()
	c, cl := start(t, cluster.Config{
		Nodes: 1, Network: network(t, plain),
		NewStateMachine: func() core.StateMachine { return machine },
		OpenStorage:     func(core.NodeID) (core.Storage, error) { return log, nil },
		Node:            node.Config{Tick: 5 * time.Millisecond, Snapshot: node.SnapshotConfig{Entries: 5}},
	})
	for range 50 {
		do(t, cl, &client.Op{Command: []byte("x")})
	}
	if n := machine.captures.Load(); n != 1 || c.Node(1).Stats().Snapshots != 0 {
		t.Fatalf("%d snapshots are being taken at a time, want 1", n)
	}
	close(machine.gate)
	for deadline := time.Now().Add(20 * time.Second); c.Node(1).Stats().Snapshots < 2; {
		do(t, cl, &client.Op{Command: []byte("y")})
		if time.Now().After(deadline) {
			t.Fatal("there is no second snapshot")
		}
	}
	if err := c.Kill(1); err != nil {
		t.Fatal(err)
	}
	m, r, err := log.OpenSnapshot()
	if err != nil {
		t.Fatal(err)
	}
	state, err := io.ReadAll(r)
	// The first entry is the configuration.
	if want := machine.String()[:m.Meta.Index-1]; string(state) != want || err != nil {
		t.Fatalf("the snapshot through %d has the state %q, %v, want %q", m.Meta.Index, state, err, want)
	}
}

// A new member gets a snapshot through a connection that breaks again and again, and
// no byte of the content twice.
func TestSnapshotThroughABadConnection(t *testing.T) {
	signer, trust := keys(t)
	cut := new(cutter)
	c, cl := start(t, cluster.Config{
		Nodes: 2, Network: network(t, cut.wrap),
		NewStateMachine: func() core.StateMachine { return new(journal) },
		Node: node.Config{Tick: 5 * time.Millisecond, ElectionTicks: 100, Snapshot: node.SnapshotConfig{
			Entries: 20, ChunkBytes: 4096, BytesPerSecond: -1, Signer: signer, Trust: trust,
		}},
	})
	content := strings.Repeat("0123456789abcdef", 4096)
	for range 5 {
		do(t, cl, &client.Op{Command: []byte(content)})
	}
	for deadline := time.Now().Add(30 * time.Second); c.Node(c.Leader()).Stats().Snapshots < 3; {
		do(t, cl, &client.Op{Command: []byte("x")})
		if time.Now().After(deadline) {
			t.Fatal("no snapshots are taken")
		}
	}
	id, err := c.AddMember(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := c.Node(c.Leader()).Status().Commit
	waitStatus(t, c.Node(id), func(s node.Status) bool { return s.Applied >= last })
	stats := c.Node(id).Stats()
	if stats.Installs == 0 || stats.Resumed == 0 || stats.Refused > 0 {
		t.Errorf("%+v", stats)
	}
	if broken, twice := cut.counts(); broken < 3 || twice > 0 {
		t.Errorf("the connection broke %d times, and %d chunks of content were received twice", broken, twice)
	}
}

// cutter loses every fifth chunk of a snapshot before it arrives.
type cutter struct {
	mu     sync.Mutex
	count  int
	chunks map[core.SnapshotMeta]map[uint64]int
}

func (c *cutter) wrap(h core.Handler) core.Handler { return &cutting{h, c} }

type cutting struct {
	core.Handler
	*cutter
}

func (c *cutting) Receive(requests []*core.Incoming) {
	for _, r := range requests {
		q, ok := r.Request.(*core.InstallSnapshotRequest)
		if !ok || !c.loses(q) {
			c.Handler.Receive([]*core.Incoming{r})
			continue
		}
		panic("the connection breaks")
	}
}

func (c *cutter) loses(q *core.InstallSnapshotRequest) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count++; c.count%5 == 0 {
		return true
	}
	if c.chunks == nil {
		c.chunks = map[core.SnapshotMeta]map[uint64]int{}
	}
	if c.chunks[q.Snapshot] == nil {
		c.chunks[q.Snapshot] = map[uint64]int{}
	}
	c.chunks[q.Snapshot][q.Offset]++
	return false
}

// counts says how often a chunk was lost, and how many chunks of content came twice.
func (c *cutter) counts() (broken, twice int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, offsets := range c.chunks {
		for offset, times := range offsets {
			if offset > 0 && times > 1 {
				twice++
			}
		}
	}
	return c.count / 5, twice
}

// A machine that cannot hold on to its state is written into memory first.
func TestPlainMachineIsSnapshotted(t *testing.T) {
	log := memlog.New()
	c, cl := start(t, cluster.Config{
		Nodes: 1, Network: network(t, plain),
		NewStateMachine: func() core.StateMachine { return new(journal) },
		OpenStorage:     func(core.NodeID) (core.Storage, error) { return log, nil },
		Node:            node.Config{Tick: 5 * time.Millisecond, Snapshot: node.SnapshotConfig{Bytes: 500}},
	})
	for deadline := time.Now().Add(20 * time.Second); c.Node(1).Stats().Snapshots == 0; {
		do(t, cl, &client.Op{Command: []byte("x")})
		if time.Now().After(deadline) {
			t.Fatal("no snapshot is taken")
		}
	}
	if err := c.Kill(1); err != nil {
		t.Fatal(err)
	}
	m, r, err := log.OpenSnapshot()
	if err != nil || r == nil {
		t.Fatalf("no snapshot is stored: %v", err)
	}
	if state, err := io.ReadAll(r); !bytes.Equal(state, bytes.Repeat([]byte("x"), int(m.Meta.Index-1))) || err != nil {
		t.Fatalf("the snapshot through %d has %q, %v", m.Meta.Index, state, err)
	}
}
