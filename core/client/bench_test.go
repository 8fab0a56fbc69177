package client_test

import (
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
)

// atOnce is a transport that answers from within Send.
type atOnce struct {
	core.Transport // Reply and Cancel are not called
	handler        core.Handler
}

func (t *atOnce) Send(calls []*core.Call) {
	for _, c := range calls {
		c.Response.Reset()
		ok(c)
	}
	t.handler.Complete(calls)
}

func (t *atOnce) Close() error { return nil }

// BenchmarkLink is what the client itself costs 64 commands that succeed, without
// and with a budget for those that do not.
func BenchmarkLink(b *testing.B) {
	for name, retry := range map[string]client.Retry{"budget=off": {}, "budget=10%": {Budget: client.DefaultBudget()}} {
		b.Run(name, func(b *testing.B) {
			t := new(atOnce)
			cl, err := client.New(client.Config{
				Self: 1000, Nodes: []core.NodeID{1}, Retry: retry, Done: func([]*client.Op) {},
				Open: func(h core.Handler) (core.Transport, error) { t.handler = h; return t, nil },
			})
			if err != nil {
				b.Fatal(err)
			}
			ops := make([]*client.Op, 64)
			for i := range ops {
				ops[i] = &client.Op{Command: make([]byte, 16)}
			}
			b.ReportAllocs()
			for b.Loop() {
				cl.Submit(ops)
			}
			if err := cl.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
