package transports_test

import (
	"sync"
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/session"
	"github.com/raftbench/raftbench/workloads/kv"
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
		h.staysLinearizable(t, network, 13)
		if twice.count > 0 {
			t.Errorf("%d commands were executed twice", twice.count)
		}
	})
}
