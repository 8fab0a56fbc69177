package session_test

import (
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session"
	"github.com/raftbench/raftbench/workloads/kv"
)

// BenchmarkApply is what sessions add to 64 writes in a batch: of one client, who has
// four batches under way.
func BenchmarkApply(b *testing.B) {
	const batch, behind, batches = 64, 256, 1 << 8
	bare := make([]core.Entry, batch*batches)
	enclosed := make([]core.Entry, len(bare))
	for i := range bare {
		index, sequence := core.Index(i)+2, uint64(i)+1
		first := sequence - uint64(i%batch) // of its batch
		bare[i] = core.Entry{Index: index, Data: kv.AppendPut(nil, []byte{byte(i), byte(i >> 8 % 4), 0, 0, 0, 0, 0, 0}, make([]byte, 128))}
		enclosed[i] = core.Entry{Index: index, Data: session.AppendNext(nil, bare[i].Data)}
		if sequence == first {
			enclosed[i].Data = session.AppendWrite(nil, 1, sequence, max(first, behind)-behind, bare[i].Data)
		}
	}
	run := func(b *testing.B, log []core.Entry, open func() core.StateMachine) {
		var m core.StateMachine
		var results core.Results
		b.ReportAllocs()
		for next := 0; b.Loop(); next += batch {
			if next %= len(log); next == 0 {
				m = open()
			}
			results.Truncate()
			m.Apply(log[next:next+batch], &results)
		}
	}
	for name, inner := range map[string]func() core.StateMachine{
		"kv":   func() core.StateMachine { return kv.New(0) },
		"null": func() core.StateMachine { return kv.Null{} },
	} {
		b.Run(name+"/sessions=off", func(b *testing.B) { run(b, bare, inner) })
		b.Run(name+"/sessions=1024", func(b *testing.B) {
			run(b, enclosed, func() core.StateMachine {
				m, err := session.New(inner(), session.Config{})
				if err != nil {
					b.Fatal(err)
				}
				m.Apply([]core.Entry{{Index: 1, Data: session.AppendRegister(nil)}}, new(core.Results))
				return m
			})
		})
	}
}
