package claims

import (
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

func inFlight(transport string, depth int) Arm {
	return Arm{Transport: transport, Clients: 256, Pipeline: depth}
}

// reorderDepth is a pipeline in which appends can overtake each other; with a depth of one
// none can.
const reorderDepth = 8

func reordering() Claim {
	c := Claim{
		ID:       "reordering-costs-raft",
		Sentence: "net/rpc and unary gRPC deliver requests out of order, and that costs a Raft that pipelines.",
		Sources: []claimtable.Source{
			{Text: "\"Leads to performance problems in raft, when out-of-order messages result in unnecessary retries\" (cockroachdb/cockroach#1669, of net/rpc).", URL: "https://github.com/cockroachdb/cockroach/issues/1669"},
			{Text: "The cause, as read in the source: net/rpc and grpc-go start a goroutine for each request."},
		},
		Setup: "A Raft of three nodes in one process on loopback, log in memory, 256 clients in a closed loop, 128 B; one batch under way at once, where nothing can overtake, and eight. " +
			"The node here puts appends back in order in a small window before it steps them, as the Raft of the claim did not; how many it found out of order is counted.",
		Rule: "It holds if over net/rpc and over unary gRPC throughput with eight batches under way is lower than with one, by more than what is no difference on this machine. It does not hold if over one of them it is not. " +
			"A gRPC stream, which keeps order, is shown beside: what it loses with depth is not the order's.",
		Mechanism: "If it does not hold, the usual reason is the window in which the node puts appends back in order: one that came early waits for a few microseconds instead of being refused and sent again.",
		Layer:     experiment.LayerRaft,
		Judge:     judgeReordering,
	}
	for _, t := range []string{"netrpc", "grpc:mode=unary", "grpc"} {
		c.Arms = append(c.Arms, inFlight(t, 1), inFlight(t, reorderDepth))
	}
	return c
}

func judgeReordering(e *Evidence) Finding {
	loses := func(transport string) Finding {
		return e.loses(reports.Throughput(), inFlight(transport, reorderDepth), inFlight(transport, 1), "lower")
	}
	return allOf(loses("netrpc"), loses("grpc:mode=unary")).beside(
		e.compared(reports.Throughput(), inFlight("grpc", reorderDepth), inFlight("grpc", 1)),
		e.shown(reordersPerOp(), inFlight("netrpc", reorderDepth), ""),
		e.shown(reordersPerOp(), inFlight("grpc:mode=unary", reorderDepth), ""),
		e.shown(reordersPerOp(), inFlight("grpc", reorderDepth), ""),
	)
}
