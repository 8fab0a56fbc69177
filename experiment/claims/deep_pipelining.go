package claims

import (
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

func pipelined(depth int) Arm { return Arm{Transport: "rawtcp", Clients: 256, Pipeline: depth} }

// shallow and deep are the depths of the change that the claim was put to the test by.
const shallow, deep = 2, 128

func deepPipelining() Claim {
	return Claim{
		ID:       "deep-pipelining",
		Sentence: "Deep pipelining of AppendEntries helps.",
		Sources: []claimtable.Source{
			{Text: "Pipelining is the usual advice (dissertation section 10.2.1), and cockroach raised its depth from 4 to 64 for wide-area networks (cockroachdb/cockroach#13862).", URL: "https://github.com/cockroachdb/cockroach/issues/13862"},
			{Text: "Against it: hashicorp/raft went from 130 to 2 because a deep pipeline made requests queue for 45 ms that a follower served in 0.6 ms (hashicorp/raft#541).", URL: "https://github.com/hashicorp/raft/pull/541"},
			{Text: "Both: depth 512 instead of 4,096 raised throughput at one scale and lowered it at another (rabbitmq/ra#658).", URL: "https://github.com/rabbitmq/ra/issues/658"},
		},
		Setup: "A Raft of three nodes in one process over rawtcp on loopback, log in memory, 256 clients in a closed loop, 128 B; 1, 2, 8, 64 and 128 batches under way at once, on each follower and on the clients' link alike. " +
			"Loopback has next to no delay; over a wide-area network a window is what fills the line.",
		Rule: "It holds if depth 128 has a higher throughput than depth 2, by more than what is no difference on this machine, and a p99 that is not higher. It does not hold if it misses one of the two.",
		Mechanism: "If it does not hold, the usual reason is that depth takes from batching: a second batch that leaves at once is one that nobody had time to fill, and a write costs as much as encoding a thousand small entries. " +
			"What is sent earlier waits at the follower instead of at the leader.",
		Layer: experiment.LayerRaft,
		Arms:  []Arm{pipelined(1), pipelined(shallow), pipelined(8), pipelined(64), pipelined(deep)},
		Judge: judgeDeepPipelining,
	}
}

func judgeDeepPipelining(e *Evidence) Finding {
	base := pipelined(shallow)
	f := allOf(
		e.beats(reports.Throughput(), pipelined(deep), base, "higher"),
		e.noWorse(p99(), pipelined(deep), base, "not higher"),
	)
	for _, depth := range []int{1, 8, 64} {
		f = f.beside(e.compared(reports.Throughput(), pipelined(depth), base), e.compared(p99(), pipelined(depth), base))
	}
	return f
}
