package transports_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/session"
	"github.com/raftbench/raftbench/workloads"
	"github.com/raftbench/raftbench/workloads/kv"
	"github.com/raftbench/raftbench/workloads/linear"
)

// onceOnly is a kv machine that knows which commands it has executed, as far as it did
// so itself and not its snapshot. No two puts of a workload are the same.
type onceOnly struct {
	*kv.Machine
	twice *repeats
	seen  map[string]bool
}

// repeats are the commands that any machine executed twice.
type repeats struct {
	mu    sync.Mutex
	count int
}

func (m *onceOnly) Apply(entries []core.Entry, results *core.Results) {
	for i := range entries {
		command := string(entries[i].Data)
		if c, ok := kv.ParseCommand(entries[i].Data); ok && c.Kind == kv.KindPut && m.seen[command] {
			m.twice.mu.Lock()
			m.twice.count++
			m.twice.mu.Unlock()
		}
		m.seen[command] = true
	}
	m.Machine.Apply(entries, results)
}

// Clients send everything again while nodes flap, the leader first, whatever may have become
// of it: with sessions nothing is executed twice, and what they see could have come
// from one machine.
func TestRetriesWithSessions(t *testing.T) {
	eachVariant(t, func(t *testing.T, network *core.Network) {
		twice := new(repeats)
		h := buildOf(t, network, func() core.StateMachine {
			m, err := session.New(&onceOnly{kv.New(0), twice, map[string]bool{}}, session.Config{Sessions: 16})
			if err != nil {
				t.Error(err)
			}
			return m
		})
		h.link = client.Config{Sessions: true, Retry: client.Retry{Mode: client.RetryAll}}
		history := workloads.NewHistory(1 << 20)
		driver, clients := h.driver(t, workloads.Config{Clients: 12, Operations: 3000, History: history},
			workloads.Workload{Seed: 13, Reads: 0.5, Keys: 6, PayloadMinBytes: 16, PayloadMaxBytes: 16})
		flapped := make(chan error, 1)
		go func() { flapped <- h.flap(driver, network.InProcess || network.TakesSockets) }()
		m, err := driver.Run(context.Background())
		if err != nil {
			t.Error(err)
		}
		if err := errors.Join(<-flapped, clients(), h.Close()); err != nil {
			t.Fatal(err)
		}
		if twice.count > 0 {
			t.Errorf("%d commands were executed twice", twice.count)
		}
		events, dropped := history.Events()
		if dropped > 0 {
			t.Fatalf("the history misses %d operations", dropped)
		}
		checkCounts(t, m, events)
		if err := linear.Check(events, time.Minute); err != nil {
			t.Fatal(err)
		}
	})
}
