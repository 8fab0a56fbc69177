//go:build unix

package cluster_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/node"
)

// spareNode takes turns with the others: three of the four processes vote.
const spareNode = processNodes + 1

// obey does what a line of standard input tells a node's process to do, if it leads:
// "transfer" hands over to another voter, "turn" makes the node that is left out a learner,
// or puts it in the place of a voter.
func obey(n *node.Node, order string) {
	now := n.Members()
	if len(now.Voters) == 0 || now.IsJoint() {
		return
	}
	switch order {
	case "transfer":
		n.TransferLeadership(now.Voters[rand.IntN(len(now.Voters))])
	case "turn":
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if n.ChangeMembership(ctx, turned(now)) == nil { // only the leader can, and not at any time
			fmt.Println("turned")
		}
	}
}

func turned(now core.Configuration) core.Configuration {
	next := core.Configuration{Voters: slices.Clone(now.Voters), Learners: slices.Clone(now.Learners)}
	if len(next.Learners) > 0 {
		next.Voters[rand.IntN(len(next.Voters))] = next.Learners[0]
		next.Learners = nil
		return next
	}
	for id := core.NodeID(1); id <= spareNode; id++ {
		if !now.IsMember(id) {
			next.Learners = append(next.Learners, id)
		}
	}
	return next
}

// order tells all processes to do something.
func (p *processes) order(what string) {
	for _, n := range p.nodes {
		_, _ = fmt.Fprintln(n.stdin, what) // it may be dead
	}
}

func (p *processes) signal(id core.NodeID, s syscall.Signal) {
	if n := p.nodes[id]; n != nil {
		_ = n.cmd.Process.Signal(s) // it may be dead
	}
}

// runReading is run, and after each write that was acknowledged the client reads, from any
// node, whether it finds all of its own.
func (w *writers) runReading(ctx context.Context, t *testing.T) {
	for i := range w.acknowledged {
		w.work.Go(func() {
			for ctx.Err() == nil {
				list := &w.acknowledged[i]
				ok := w.client.Do(ctx, &client.Op{Command: appendNumber(i, uint64(len(*list)))}) == nil
				if *list = append(*list, ok); !ok {
					continue
				}
				w.total.Add(1)
				read := &client.Op{Read: true, Command: []byte{byte(i)}}
				if w.client.Do(ctx, read) == nil && !holds(read.Result, *list) {
					t.Errorf("client %d read less than it has written", i)
				}
			}
		})
	}
}

// holds reports whether a result has every write that was acknowledged.
func holds(result []byte, acknowledged []bool) bool {
	for n, ok := range acknowledged {
		if ok && (len(result) <= n/8 || result[n/8]&(1<<(n%8)) == 0) {
			return false
		}
	}
	return true
}

// Processes are killed, stopped and continued while leaders hand over and members change,
// under load: every acknowledged write is there, and every read finds what its client wrote
// before, whether leaders hold leases or not, and whichever node answers.
//
//	go test ./core/cluster -run Everything -kills 500 -timeout 60m -v
func TestProcessesUnderEverything(t *testing.T) {
	for _, leases := range []bool{false, true} {
		t.Run(fmt.Sprintf("leases=%t", leases), func(t *testing.T) {
			underEverything(t, startProcesses(t, leases))
		})
	}
}

func underEverything(t *testing.T, p *processes) {
	rounds := max(*kills, 8)
	p.start(spareNode)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute+time.Duration(rounds)*20*time.Second)
	defer cancel()
	w := &writers{client: p.client(1000, func(c *client.Config) {
		c.Nodes, c.ReadFrom = []core.NodeID{1, 2, 3, spareNode}, client.ReadFromAny
	})}
	loaded, stop := context.WithCancel(ctx)
	defer stop()
	w.runReading(loaded, t)
	rng := rand.New(rand.NewPCG(3, uint64(rounds)))
	some := func() core.NodeID { return core.NodeID(1 + rng.IntN(spareNode)) }
	for range rounds {
		held, dead := some(), some()
		p.signal(held, syscall.SIGSTOP)
		p.order([]string{"turn", "transfer", "turn"}[rng.IntN(3)])
		p.kill(dead)
		select { // as long as it lasts: there may be no majority
		case <-ctx.Done():
		case <-time.After(time.Duration(rng.IntN(300)) * time.Millisecond):
		}
		p.order("turn")
		p.signal(held, syscall.SIGCONT)
		p.start(dead)
		w.waitFor(ctx, t, int64(rng.IntN(200)))
	}
	for p.turned.Load() < 2 && ctx.Err() == nil { // however few there were on a busy machine
		p.order("turn")
		w.waitFor(ctx, t, 10)
	}
	w.waitFor(ctx, t, 100)
	stop()
	w.work.Wait()
	w.check(ctx, t)
	t.Logf("%d rounds, %d changes of members, %d acknowledged writes", rounds, p.turned.Load(), w.total.Load())
}
