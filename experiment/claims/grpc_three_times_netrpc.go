package claims

import (
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

// The arms of grpcThreeTimesNetRPC.
func thousandCallers(transport string) Arm { return Arm{Transport: transport, Clients: 1000} }

func grpcThreeTimesNetRPC() Claim {
	return Claim{
		ID:       "grpc-three-times-netrpc",
		Sentence: "gRPC answers 1,000 concurrent requests in 1.2 ms in the mean, and carries about three times as many as net/rpc.",
		Sources: []claimtable.Source{
			{Text: "Folklore: the figures are repeated without machine, payload, connections or harness; no measurement was found behind them."},
			{Text: "Against it: minio found gRPC slower than net/rpc by about four times (golang/go#16844, 2016).", URL: "https://github.com/golang/go/issues/16844"},
			{Text: "Against it: 44 ms in the mean for 1,000 concurrent calls on one connection (grpc/grpc-go#1512, 2017).", URL: "https://github.com/grpc/grpc-go/issues/1512"},
		},
		Setup: "One round trip of an AppendEntries with one entry of 128 B, without Raft; 1,000 callers in a closed loop; client and server in one process on loopback. " +
			"gRPC both as an RPC for each call (unary) and as a stream that stays open, both libraries as their users write them on the first day (stock) and tuned. " +
			"The claim says which of these it means as little as it says on which machine.",
		Rule: "Read charitably: it holds if any of the four ways to use gRPC has a mean of at most 1.2 ms and, against net/rpc of the same profile, at least twice the throughput (\"about three times\"). " +
			"It does not hold if each of the four misses one of the two.",
		Mechanism: "If it does not hold, the usual reason is what a unary call costs gRPC: a stream with its headers, a goroutine and more than a hundred allocations for each, where net/rpc has a goroutine and about twenty. " +
			"1,000 callers that wait 1.2 ms are 830,000 calls a second, which takes many cores.",
		Layer: experiment.LayerEcho,
		Arms: []Arm{
			thousandCallers("netrpc:stock"), thousandCallers("netrpc"),
			thousandCallers("grpc:stock"), thousandCallers("grpc:stock:mode=stream"),
			thousandCallers("grpc:mode=unary"), thousandCallers("grpc"),
		},
		Judge: judgeThreeTimes,
	}
}

func judgeThreeTimes(e *Evidence) Finding {
	both := func(grpc, netrpc string) Finding {
		return allOf(
			e.factor(reports.Throughput(), thousandCallers(grpc), thousandCallers(netrpc), atLeast(2), "x3"),
			e.absolute(meanLatency(), thousandCallers(grpc), atMost(milliseconds(1.2)), "1.2 ms"),
		)
	}
	return anyOf(
		both("grpc:stock", "netrpc:stock"), both("grpc:stock:mode=stream", "netrpc:stock"),
		both("grpc:mode=unary", "netrpc"), both("grpc", "netrpc"),
	).beside(
		e.shown(reports.CPUPerOp(), thousandCallers("grpc:stock"), ""),
		e.shown(reports.CPUPerOp(), thousandCallers("netrpc:stock"), ""),
	)
}
