package claims

import (
	"time"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

// lingerLoads are the clients of a low, a middle and a high load.
func lingerLoads() []int { return []int{8, 128, 1024} }

// lingers are those that are compared with none.
func lingers() []time.Duration {
	return []time.Duration{time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond}
}

func lingering(clients int, linger time.Duration) Arm {
	return Arm{Transport: "rawtcp", Clients: clients, Linger: linger}
}

func longerLinger() Claim {
	c := Claim{
		ID:       "longer-linger",
		Sentence: "A longer linger raises throughput.",
		Sources: []claimtable.Source{
			{Text: "Kafka's default of linger.ms went from 0 to 5 ms in 4.0, because larger batches make producers more efficient (KIP-1030).", URL: "https://cwiki.apache.org/confluence/display/KAFKA/KIP-1030"},
			{Text: "franz-go went from 0 to 10 ms in v1.20.0, and had to take synchronous producers out again (twmb/franz-go#1072).", URL: "https://github.com/twmb/franz-go/issues/1072"},
			{Text: "Against it: that default took a workload of single synchronous messages from 31 s to 63 s (xtdb/xtdb#5452).", URL: "https://github.com/xtdb/xtdb/issues/5452"},
		},
		Setup: "A Raft of three nodes in one process over rawtcp, log in memory, 128 B, batch.size 16 KiB; linger 0 (what gathers while a batch is under way), 1, 5 and 10 ms, each at 8, 128 and 1,024 clients in a closed loop. " +
			"In an open loop the throughput is the rate that is offered, whatever the linger.",
		Rule: "It holds if at each of the three loads a linger of 10 ms has a higher throughput than none, by more than what is no difference on this machine. " +
			"It does not hold if at one of them it has not. The shorter lingers are shown beside.",
		Mechanism: "If it does not hold, the usual reason is that a linger pays only where the system is saturated: below that, operations wait in a batch that nobody fills, and each client that waits asks for nothing meanwhile. " +
			"Where the batches of linger 0 are full already, waiting longer changes nothing.",
		Layer: experiment.LayerRaft,
		Judge: judgeLongerLinger,
	}
	for _, n := range lingerLoads() {
		c.Arms = append(c.Arms, lingering(n, 0))
		for _, l := range lingers() {
			c.Arms = append(c.Arms, lingering(n, l))
		}
	}
	return c
}

func judgeLongerLinger(e *Evidence) Finding {
	var parts, beside []Finding
	longest := lingers()[len(lingers())-1]
	for _, n := range lingerLoads() {
		none := lingering(n, 0)
		parts = append(parts, e.beats(reports.Throughput(), lingering(n, longest), none, "higher"))
		for _, l := range lingers()[:len(lingers())-1] {
			beside = append(beside, e.compared(reports.Throughput(), lingering(n, l), none))
		}
		beside = append(beside, e.compared(p50(), lingering(n, longest), none))
	}
	return allOf(parts...).beside(beside...)
}
