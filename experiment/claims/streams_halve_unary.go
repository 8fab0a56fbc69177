package claims

import (
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

func alone(transport string) Arm    { return Arm{Transport: transport, Clients: 1} }
func together(transport string) Arm { return Arm{Transport: transport, Clients: 64} }

// grpcPairs are the stream and the unary mode of the same profile. A stream has one call a
// message, or it would be compared with its batching.
func grpcPairs() [][2]string {
	return [][2]string{{"grpc:stock:mode=stream", "grpc:stock"}, {"grpc:batch=off", "grpc:mode=unary"}}
}

func streamsHalveUnary() Claim {
	c := Claim{
		ID:       "grpc-streams-halve-unary",
		Sentence: "gRPC streams halve the cost of unary calls.",
		Sources: []claimtable.Source{
			{Text: "117 to 64 µs a round trip at 1 B, 118 to 66 µs at 1 KiB, where a stream is used again (cockroachdb/cockroach#136558, 2024).", URL: "https://github.com/cockroachdb/cockroach/pull/136558"},
			{Text: "37 % off a point select in a cluster (cockroachdb/cockroach#136648).", URL: "https://github.com/cockroachdb/cockroach/pull/136648"},
			{Text: "Against it: streams were slower, in Python (dapr/dapr#7388).", URL: "https://github.com/dapr/dapr/issues/7388"},
		},
		Setup: "One round trip of an AppendEntries with one entry of 128 B, without Raft, over a stream that stays open and as an RPC for each call: latency with one caller, CPU time of client and server together with 64. " +
			"One call a message on the stream, so that it gains nothing by batching. Without the interceptors and the compression of the published figures.",
		Rule: "It holds if both in the stock and in the tuned profile p50 with one caller and CPU time per call with 64 are at most x0.6 (published: x0.55). It does not hold if one of the four is more.",
		Mechanism: "If it does not hold, the usual reason is that the round trip is waiting and not work: with one caller most of it is system calls and waking goroutines, which both have. " +
			"A unary call adds a stream with its headers, a goroutine, and several times the allocations.",
		Layer: experiment.LayerEcho,
		Idle:  true,
		Judge: judgeStreamsHalveUnary,
	}
	for _, pair := range grpcPairs() {
		c.Arms = append(c.Arms, alone(pair[0]), alone(pair[1]), together(pair[0]), together(pair[1]))
	}
	return c
}

func judgeStreamsHalveUnary(e *Evidence) Finding {
	const published = "x0.55"
	var parts, beside []Finding
	for _, pair := range grpcPairs() {
		stream, unary := pair[0], pair[1]
		parts = append(parts,
			e.factor(p50(), alone(stream), alone(unary), atMost(0.6), published),
			e.factor(reports.CPUPerOp(), together(stream), together(unary), atMost(0.6), published),
		)
		beside = append(beside,
			e.compared(reports.Throughput(), together(stream), together(unary)),
			e.compared(reports.AllocsPerOp(), together(stream), together(unary)),
		)
	}
	return allOf(parts...).beside(beside...)
}
