package claims

import (
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

func kibibyte(transport string, clients int) Arm {
	return Arm{Transport: transport, Clients: clients, Payload: 1 << 10}
}

func netRPCBeatsUnary() Claim {
	c := Claim{
		ID:       "netrpc-beats-grpc-unary",
		Sentence: "A call over net/rpc with gob is faster than a unary call over gRPC.",
		Sources: []claimtable.Source{
			{Text: "29.7 µs against 62.6 µs a call at 1 KiB, under TLS (cockroachdb/rpc-bench, 2020).", URL: "https://github.com/cockroachdb/rpc-bench"},
			{Text: "gRPC \"slower by about 4x\" (golang/go#16844, 2016).", URL: "https://github.com/golang/go/issues/16844"},
			{Text: "418 k/s against 185 k/s, but with protobuf over net/rpc and one call under way on each of 1,000 connections (glycerine/rpcx-benchmark, 2024).", URL: "https://github.com/glycerine/rpcx-benchmark"},
		},
		Setup: "One round trip of an AppendEntries with one entry of 1 KiB, without Raft, both libraries as their users write them on the first day (stock): p50 with one caller, throughput with 64. Without TLS.",
		Rule:  "It holds if net/rpc has the lower p50 with one caller and the higher throughput with 64, both by more than what is no difference on this machine. It does not hold if it misses one of the two.",
		Mechanism: "If it does not hold, the usual reason is that grpc-go has got cheaper since the figures were published, while net/rpc is frozen: " +
			"it still writes each message by itself, under a lock, and uses reflection for each call.",
		Layer: experiment.LayerEcho,
		Judge: judgeNetRPCBeatsUnary,
	}
	for _, n := range []int{1, 64} {
		c.Arms = append(c.Arms, kibibyte("netrpc:stock", n), kibibyte("grpc:stock", n))
	}
	return c
}

func judgeNetRPCBeatsUnary(e *Evidence) Finding {
	return allOf(
		e.beats(p50(), kibibyte("netrpc:stock", 1), kibibyte("grpc:stock", 1), "x0.47"),
		e.beats(reports.Throughput(), kibibyte("netrpc:stock", 64), kibibyte("grpc:stock", 64), "x2.3 to x4"),
	).beside(
		e.compared(p99(), kibibyte("netrpc:stock", 64), kibibyte("grpc:stock", 64)),
		e.compared(reports.CPUPerOp(), kibibyte("netrpc:stock", 64), kibibyte("grpc:stock", 64)),
	)
}
