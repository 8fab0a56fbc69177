package wire_test

import (
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/wire"
)

// BenchmarkAppendEntries encodes and decodes a request and its response.
func BenchmarkAppendEntries(b *testing.B) {
	for _, c := range []struct {
		name    string
		entries int
		size    int
	}{{"1x128B", 1, 128}, {"500x16B", 500, 16}, {"1x64KiB", 1, 64 << 10}} {
		b.Run(c.name, func(b *testing.B) {
			req := &core.AppendEntriesRequest{From: 1, Term: 3, PrevIndex: 1 << 20, PrevTerm: 3, Commit: 1 << 20, Session: 7}
			for i := range c.entries {
				req.Entries = append(req.Entries, core.Entry{Index: req.PrevIndex + 1 + core.Index(i), Term: 3, Data: make([]byte, c.size)})
			}
			resp := &core.AppendEntriesResponse{From: 2, Term: 3, Success: true, PrevIndex: 1 << 20, Match: 1<<20 + 1, Session: 7}
			intoReq, intoResp := new(core.AppendEntriesRequest), new(core.AppendEntriesResponse)
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				buf = wire.AppendRequest(buf[:0], req)
				if err := wire.DecodeRequest(core.KindAppendEntries, buf, intoReq); err != nil {
					b.Fatal(err)
				}
				buf = wire.AppendResponse(buf[:0], resp)
				if err := wire.DecodeResponse(core.KindAppendEntries, buf, intoResp); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPropose encodes and decodes a batch of commands and its results.
func BenchmarkPropose(b *testing.B) {
	req, resp := &core.ProposeRequest{From: 9}, &core.ProposeResponse{From: 1}
	for range 100 {
		req.Commands = append(req.Commands, make([]byte, 16))
		resp.Append(make([]byte, 8))
	}
	intoReq, intoResp := new(core.ProposeRequest), new(core.ProposeResponse)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = wire.AppendRequest(buf[:0], req)
		if err := wire.DecodeRequest(core.KindPropose, buf, intoReq); err != nil {
			b.Fatal(err)
		}
		buf = wire.AppendResponse(buf[:0], resp)
		if err := wire.DecodeResponse(core.KindPropose, buf, intoResp); err != nil {
			b.Fatal(err)
		}
	}
}
