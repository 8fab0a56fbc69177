package claims

import (
	"time"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

// lingerLoads are the clients of a low, a middle and a high load.
func lingerLoads() []int { return []int{8, 128, 1024} }

// shorterLingers are those that are shown beside the longest, which is compared with none.
func shorterLingers() []time.Duration {
	return []time.Duration{time.Millisecond, 5 * time.Millisecond}
}

const longestLinger = 10 * time.Millisecond

func lingering(clients int, linger time.Duration) Arm {
	return Arm{Transport: "rawtcp", Clients: clients, Linger: linger}
}

// offered is an open loop, in which nobody knows how many wait, so that a linger is always
// waited for.
func offered(rate int, linger time.Duration) Arm {
	return Arm{Transport: "rawtcp", Rate: rate, Linger: linger}
}

// lingerRates are the rates of the open loops.
func lingerRates() []int { return []int{1000, 10000} }

func longerLinger() Claim {
	c := Claim{
		ID:       "longer-linger",
		Sentence: "A longer linger raises throughput.",
		Sources: []claimtable.Source{
			{Text: "Kafka's default of linger.ms went from 0 to 5 ms in 4.0, as what larger batches save is to make up for the wait (KIP-1030, apache/kafka#18080).", URL: "https://github.com/apache/kafka/pull/18080"},
			{Text: "franz-go went from 0 to 10 ms in v1.20.0, and had to take synchronous producers out again (twmb/franz-go#1072).", URL: "https://github.com/twmb/franz-go/issues/1072"},
			{Text: "Against it: that default took a workload of single synchronous messages from 31 s to 63 s (xtdb/xtdb#5452).", URL: "https://github.com/xtdb/xtdb/issues/5452"},
		},
		Setup: "A Raft of three nodes in one process over rawtcp, log in memory, 128 B, batch.size 16 KiB; linger 0 (what gathers while a batch is under way), 1, 5 and 10 ms, each at 8, 128 and 1,024 clients in a closed loop. " +
			"Unlike Kafka's producer, raftbench knows how many clients wait in a closed loop, and closes a batch when all of them are in it, so that the linger is a limit and no fixed wait. " +
			"In an open loop nobody knows that and throughput is the rate that is offered; there, CPU time per operation says what a linger saves, and p50 what it costs, beside.",
		Rule: "It holds if at each of the three loads a linger of 10 ms has a higher throughput than none, by more than what is no difference on this machine. " +
			"It does not hold if at one of them it has not. The shorter lingers are shown beside.",
		Mechanism: "If it does not hold, the usual reason is that a linger pays only where the system is saturated: below that, operations wait in a batch that nobody fills, and each client that waits asks for nothing meanwhile. " +
			"Where the batches of linger 0 are full already, waiting longer changes nothing.",
		Layer: experiment.LayerRaft,
		Idle:  true,
		Judge: judgeLongerLinger,
	}
	for _, n := range lingerLoads() {
		c.Arms = append(c.Arms, lingering(n, 0), lingering(n, longestLinger))
		for _, l := range shorterLingers() {
			c.Arms = append(c.Arms, lingering(n, l))
		}
	}
	for _, r := range lingerRates() {
		c.Arms = append(c.Arms, offered(r, 0), offered(r, longestLinger))
	}
	return c
}

func judgeLongerLinger(e *Evidence) Finding {
	var parts, beside []Finding
	for _, n := range lingerLoads() {
		none := lingering(n, 0)
		parts = append(parts, e.beats(reports.Throughput(), lingering(n, longestLinger), none, "higher"))
		for _, l := range shorterLingers() {
			beside = append(beside, e.compared(reports.Throughput(), lingering(n, l), none))
		}
		beside = append(beside, e.compared(p50(), lingering(n, longestLinger), none))
	}
	for _, r := range lingerRates() {
		waits, none := offered(r, longestLinger), offered(r, 0)
		beside = append(beside, e.compared(reports.CPUPerOp(), waits, none), e.compared(p50(), waits, none))
	}
	return allOf(parts...).beside(beside...)
}
