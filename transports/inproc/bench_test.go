package inproc

import (
	"testing"

	"github.com/raftbench/raftbench/core"
)

// BenchmarkCopyRequest is the part of a call that goes into copying its request.
func BenchmarkCopyRequest(b *testing.B) {
	r := &core.AppendEntriesRequest{Entries: []core.Entry{{Index: 1, Data: make([]byte, 128)}}}
	f := new(flight)
	b.ReportAllocs()
	for b.Loop() {
		f.in.Request = f.copyRequest(r)
	}
}

// BenchmarkCall is a whole call by a sole caller.
func BenchmarkCall(b *testing.B) {
	for _, profile := range []string{core.ProfileTuned, core.ProfileStock} {
		b.Run(profile, func(b *testing.B) { benchmarkCall(b, profile) })
	}
}

func benchmarkCall(b *testing.B, profile string) {
	nt := Transport()
	o, err := nt.ParseOptions([]string{profile})
	if err != nil {
		b.Fatal(err)
	}
	network, err := nt.New(o)
	if err != nil {
		b.Fatal(err)
	}
	client, server := &peer{done: make(chan struct{}, 1)}, &peer{}
	for id, p := range map[core.NodeID]*peer{1: client, 2: server} {
		if p.transport, err = network.Open(core.Endpoint{Self: id, Handler: p}); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = p.transport.Close() })
	}
	call := &core.Call{
		To:       2,
		Request:  &core.AppendEntriesRequest{Entries: []core.Entry{{Index: 1, Data: make([]byte, 128)}}},
		Response: &core.AppendEntriesResponse{},
	}
	calls := []*core.Call{call}
	b.ReportAllocs()
	for b.Loop() {
		client.transport.Send(calls)
		<-client.done
	}
	if call.Err != nil {
		b.Fatal(call.Err)
	}
}

// peer answers at once.
type peer struct {
	transport core.Transport
	done      chan struct{}
}

func (p *peer) Receive(requests []*core.Incoming) { p.transport.Reply(requests) }
func (p *peer) Complete([]*core.Call)             { p.done <- struct{}{} }
