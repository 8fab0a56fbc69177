package cluster_test

import (
	"context"
	"encoding/binary"
	"flag"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
)

// The long form of what kills processes:
//
//	go test ./core/cluster -run Killed -kills 1000 -timeout 60m -v
var kills = flag.Int("kills", 0, "how often a node's process is killed; 0: a few times")

// set is a state machine that remembers which numbers each client has written, a bit for
// each: of what was acknowledged nothing can be missing unseen.
type set struct{ written [writerCount][]byte }

func newSet() *set { return new(set) }

// appendNumber is the command that writes a client's number. The query for all of them
// is the client.
func appendNumber(client int, number uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{byte(client)}, number)
}

func (s *set) Apply(entries []core.Entry, results *core.Results) {
	for i := range entries {
		bits, n := &s.written[entries[i].Data[0]], binary.BigEndian.Uint64(entries[i].Data[1:])
		for uint64(len(*bits)) <= n/8 {
			*bits = append(*bits, 0)
		}
		(*bits)[n/8] |= 1 << (n % 8)
		results.Append(nil)
	}
}

func (s *set) Query(q []byte, results *core.Results) { results.Append(s.written[q[0]]) }

func (s *set) WriteSnapshot(w io.Writer) error {
	for _, bits := range s.written {
		if _, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(bits))), bits...)); err != nil {
			return err
		}
	}
	return nil
}

func (s *set) ReadSnapshot(r io.Reader) error {
	for i := range s.written {
		var size uint32
		if err := binary.Read(r, binary.BigEndian, &size); err != nil {
			return err
		}
		s.written[i] = make([]byte, size)
		if _, err := io.ReadFull(r, s.written[i]); err != nil {
			return err
		}
	}
	_, err := io.Copy(io.Discard, r) // to its end, where the SHA-256 is compared
	return err
}

// writers write numbers from 0 on, until they are stopped.
type writers struct {
	client       *client.Client
	acknowledged [writerCount][]bool // by number
	total        atomic.Int64        // that were
	work         sync.WaitGroup
}

const writerCount = 8

func (w *writers) run(ctx context.Context) {
	for i := range w.acknowledged {
		w.work.Go(func() {
			for ctx.Err() == nil {
				list := &w.acknowledged[i]
				ok := w.client.Do(ctx, &client.Op{Command: appendNumber(i, uint64(len(*list)))}) == nil
				*list = append(*list, ok)
				if ok {
					w.total.Add(1)
				}
			}
		})
	}
}

// waitFor waits until more were acknowledged.
func (w *writers) waitFor(ctx context.Context, t *testing.T, more int64) {
	t.Helper()
	for want := w.total.Load() + more; w.total.Load() < want; {
		select {
		case <-ctx.Done():
			t.Fatalf("no more than %d writes were acknowledged: %v", w.total.Load(), ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}

// check looks for every acknowledged write.
func (w *writers) check(ctx context.Context, t *testing.T) {
	t.Helper()
	for i, list := range w.acknowledged {
		read := &client.Op{Read: true, Command: []byte{byte(i)}}
		for w.client.Do(ctx, read) != nil {
			if ctx.Err() != nil {
				t.Fatalf("read what client %d wrote: %v", i, read.Err)
			}
		}
		for n, acknowledged := range list {
			if acknowledged && (len(read.Result) <= n/8 || read.Result[n/8]&(1<<(n%8)) == 0) {
				t.Errorf("write %d of client %d was acknowledged and is lost", n, i)
			}
		}
		for n := len(list); n < 8*len(read.Result); n++ {
			if read.Result[n/8]&(1<<(n%8)) != 0 {
				t.Errorf("number %d of client %d is there, and was never written", n, i)
			}
		}
	}
}

// underLoad does rounds of something to processes of nodes while clients write, -kills of
// them or a few, and then looks for every acknowledged write. It returns how many there
// were.
func underLoad(t *testing.T, seed uint64, round func(ctx context.Context, p *processes, w *writers, rng *rand.Rand, n int)) (rounds int, acknowledged int64) {
	t.Helper()
	if rounds = *kills; rounds == 0 {
		rounds = 6
	}
	p := startProcesses(t, false)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Duration(rounds)*20*time.Second)
	defer cancel()
	w := &writers{client: p.client(1000)}
	loaded, stop := context.WithCancel(ctx)
	defer stop()
	w.run(loaded)
	rng := rand.New(rand.NewPCG(seed, uint64(rounds)))
	for n := range rounds {
		round(ctx, p, w, rng, n)
	}
	w.waitFor(ctx, t, 100)
	stop()
	w.work.Wait()
	w.check(ctx, t)
	return rounds, w.total.Load()
}

// Processes of nodes are killed at random instants under load, one of them or all at
// once, and started again: every acknowledged write is there, and nothing else.
func TestKilledProcessesLoseNothing(t *testing.T) {
	rounds, acknowledged := underLoad(t, 1, func(ctx context.Context, p *processes, w *writers, rng *rand.Rand, n int) {
		w.waitFor(ctx, t, int64(rng.IntN(300)))
		first, count := rng.IntN(processNodes), 1
		if n%4 == 3 {
			count = processNodes
		}
		for k := range count {
			p.kill(core.NodeID(1 + (first+k)%processNodes))
		}
		for k := range count {
			p.start(core.NodeID(1 + (first+k)%processNodes))
		}
	})
	t.Logf("%d kills, %d acknowledged writes", rounds, acknowledged)
}
