package claims

import (
	"time"

	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

// The ends of the claim, and the steps between them: dial for each call and send each
// operation alone, keep the connection, batch without a linger, and batch as claimed.
func shortSends(transport string) Arm {
	return Arm{Transport: transport + ":conns=0", Clients: 100, Policy: batch.None}
}

func reusedSends(transport string) Arm {
	return Arm{Transport: transport, Clients: 100, Policy: batch.None}
}

func naturalBatches(transport string) Arm {
	return Arm{Transport: transport, Clients: 100, Policy: batch.Natural}
}

func lingeringBatches(transport string) Arm {
	return Arm{Transport: transport, Clients: 100, Linger: 5 * time.Millisecond}
}

func batchingAndReuse() Claim {
	c := Claim{
		ID:       "batching-and-reuse",
		Sentence: "Single sends over short connections take 85 ms at 1,200 operations per second; batches over connections that are kept take 12 ms at 9,800 (batch.size 16384, linger 5 ms).",
		Sources: []claimtable.Source{
			{Text: "Folklore: the two rows are repeated without machine, payload or number of callers; no measurement was found behind them. By Little's law they are about 100 callers (102 and 118)."},
			{Text: "The two settings are Kafka's batch.size and linger.ms, here with Kafka's meaning."},
		},
		Setup: "A Raft of three nodes in one process on loopback, log in memory, 100 clients in a closed loop, 128 B. Short connections: each call dials, those between the nodes too (conns=0). " +
			"Single sends: no batching (batch.policy none). The absolute figures are another machine's and are shown beside; what can be reproduced is by how much the second row beats the first.",
		Rule: "It holds if over rawtcp and over net/rpc the second row has at least half of the claimed gain: throughput at least x4.1 (claimed: 9,800 over 1,200, which is x8.2), and a mean latency of at most x0.28 (claimed: 12 ms over 85 ms, x0.14). " +
			"It does not hold if one of the four figures misses its line.",
		Mechanism: "If it does not hold, the usual reason is the linger: where a batch that is not full waits for 5 ms, 100 clients who wait for their answers cannot do more than 20,000 operations per second. " +
			"Here a batch also closes when all clients of the closed loop are in it, as it does not in Kafka's producer. The figures beside say what of the gain is keeping the connection, what is batching, and what is the linger.",
		Layer: experiment.LayerRaft,
		Judge: judgeBatchingAndReuse,
	}
	for _, t := range []string{"rawtcp", "netrpc"} {
		c.Arms = append(c.Arms, shortSends(t), reusedSends(t), naturalBatches(t), lingeringBatches(t))
	}
	return c
}

func judgeBatchingAndReuse(e *Evidence) Finding {
	var parts, beside []Finding
	for _, t := range []string{"rawtcp", "netrpc"} {
		first, second := shortSends(t), lingeringBatches(t)
		parts = append(parts,
			e.factor(reports.Throughput(), second, first, atLeast(4.1), "x8.2"),
			e.factor(meanLatency(), second, first, atMost(0.28), "x0.14"),
		)
		beside = append(beside,
			e.shown(meanLatency(), first, "85 ms"), e.shown(reports.Throughput(), first, "1,200/s"),
			e.shown(meanLatency(), second, "12 ms"), e.shown(reports.Throughput(), second, "9,800/s"),
			e.compared(reports.Throughput(), reusedSends(t), first),
			e.compared(reports.Throughput(), naturalBatches(t), reusedSends(t)),
			e.compared(reports.Throughput(), second, naturalBatches(t)),
		)
	}
	return allOf(parts...).beside(beside...)
}
