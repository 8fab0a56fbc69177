package session_test

import (
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session"
	"github.com/raftbench/raftbench/workloads/kv"
)

// BenchmarkApply is what sessions add to a write: batches of 64 of one client, who has 256
// under way.
func BenchmarkApply(b *testing.B) {
	const batch, behind = 64, 256
	bodies := make([][]byte, 1024)
	for i := range bodies {
		bodies[i] = kv.AppendPut(nil, []byte{byte(i), byte(i >> 8), 0, 0, 0, 0, 0, 0}, make([]byte, 128))
	}
	run := func(b *testing.B, m core.StateMachine, command func(seq uint64) []byte) {
		seq := uint64(0)
		entries := make([]core.Entry, batch)
		var results core.Results
		b.ReportAllocs()
		for b.Loop() {
			b.StopTimer()
			for i := range entries {
				seq++
				entries[i] = core.Entry{Index: core.Index(seq) + 1, Data: command(seq)}
			}
			b.StartTimer()
			results.Truncate()
			m.Apply(entries, &results)
		}
	}
	for name, inner := range map[string]func() core.StateMachine{
		"kv":   func() core.StateMachine { return kv.New(0) },
		"null": func() core.StateMachine { return kv.Null{} },
	} {
		b.Run(name+"/sessions=off", func(b *testing.B) {
			run(b, inner(), func(seq uint64) []byte { return bodies[seq%1024] })
		})
		b.Run(name+"/sessions=1024", func(b *testing.B) {
			m, err := session.New(inner(), session.Config{})
			if err != nil {
				b.Fatal(err)
			}
			m.Apply([]core.Entry{{Index: 1, Data: session.AppendRegister(nil)}}, new(core.Results))
			run(b, m, func(seq uint64) []byte {
				return session.AppendWrite(nil, 1, seq, max(seq, behind)-behind, bodies[seq%1024])
			})
		})
	}
}
