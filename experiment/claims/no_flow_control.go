package claims

import (
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

// flood is more than a connection can take at once: 500 callers with 64 KiB each.
func flood(transport string) Arm { return Arm{Transport: transport, Clients: 500, Payload: 64 << 10} }

func noFlowControl() Claim {
	return Claim{
		ID:       "no-flow-control-loses-the-tail",
		Sentence: "Raw TCP without flow control loses the tail of the latency to gRPC.",
		Sources: []claimtable.Source{
			{Text: "p99 over p50 of 121 for raw TCP and of 2 for gRPC, at 64 KiB with 500 callers (a personal page, avnlk.github.io: an anecdote)."},
			{Text: "A multiplexing writer without flow control took unbounded memory (cockroachdb/cockroach#171674).", URL: "https://github.com/cockroachdb/cockroach/issues/171674"},
		},
		Setup: "One round trip of an AppendEntries with one entry of 64 KiB, without Raft; 500 callers in a closed loop; rawtcp with and without credits from the receiver (credits=on, off), and gRPC with its windows. " +
			"rawtcp bounds its queues by count and bytes in either case; the published one may not have.",
		Rule: "It holds if p99 over p50 of rawtcp without credits is at least twice that of gRPC, and does not hold if it is less.",
		Mechanism: "If it does not hold, the usual reason is that something else bounds what is under way: the queues of the sender, or callers who wait for their answers. " +
			"Flow control moves the wait from the socket to the sender's queue; a fair queue has a short tail wherever it stands.",
		Layer: experiment.LayerEcho,
		Arms:  []Arm{flood("rawtcp:credits=off"), flood("rawtcp:credits=on"), flood("grpc")},
		Judge: judgeNoFlowControl,
	}
}

func judgeNoFlowControl(e *Evidence) Finding {
	without, with, grpc := flood("rawtcp:credits=off"), flood("rawtcp:credits=on"), flood("grpc")
	return e.factor(tail(), without, grpc, atLeast(2), "x60").beside(
		e.compared(tail(), without, with),
		e.compared(p99(), without, grpc),
		e.compared(reports.Throughput(), without, grpc),
		e.shown(tail(), without, "x121"),
		e.shown(tail(), with, ""),
		e.shown(tail(), grpc, "x2"),
	)
}
