package claims

import (
	"fmt"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

// loopConns are the numbers of connections between the two sides.
func loopConns() []int { return []int{3, 64, 1000} }

func polling(io string, conns int) Arm {
	return Arm{Transport: fmt.Sprintf("rawtcp:io=%s:conns=%d", io, conns), Clients: 1000}
}

func eventLoop() Claim {
	c := Claim{
		ID:       "event-loop",
		Sentence: "An edge-triggered epoll event loop beats connections that are read in the blocking style.",
		Sources: []claimtable.Source{
			{Text: "Readme pages of event-loop libraries (evio, gnet, netpoll), with echo servers under thousands of connections."},
			{Text: "Against it: gnet and netpoll \"both perform worse than go net because EpollWait runs more frequently\" (pingcap/tiproxy#248, 2024).", URL: "https://github.com/pingcap/tiproxy/issues/248"},
			{Text: "About level: 500 k/s for Go's own poller, 535 k/s for gnet, 220 k/s for netpoll with its defaults (cloudwego/netpoll#392, 2025).", URL: "https://github.com/cloudwego/netpoll/issues/392"},
		},
		Setup: "One round trip of an AppendEntries with one entry of 128 B over rawtcp, without Raft; 1,000 callers in a closed loop share 3, 64 and 1,000 connections. " +
			"io=gnet is an edge-triggered epoll loop (panjf2000/gnet); io=netpoll is a goroutine that reads each connection, which Go parks in its own edge-triggered epoll.",
		Rule: "It holds if at each number of connections the event loop has the higher throughput, by more than what is no difference on this machine. " +
			"It does not hold if at one of them it has not.",
		Mechanism: "If it does not hold, the usual reason is that Go's poller is an edge-triggered epoll loop already: a goroutine that reads costs a stack and a switch of 0.3 µs, not a thread. " +
			"What a library saves there it spends on handing data to other goroutines. A Raft has a handful of busy connections, and event loops are made for many that are idle.",
		Layer: experiment.LayerEcho,
		Judge: judgeEventLoop,
	}
	for _, n := range loopConns() {
		c.Arms = append(c.Arms, polling("netpoll", n), polling("gnet", n))
	}
	return c
}

func judgeEventLoop(e *Evidence) Finding {
	var parts, beside []Finding
	for _, n := range loopConns() {
		loop, blocking := polling("gnet", n), polling("netpoll", n)
		parts = append(parts, e.beats(reports.Throughput(), loop, blocking, "higher"))
		beside = append(beside, e.compared(p99(), loop, blocking), e.compared(reports.CPUPerOp(), loop, blocking))
	}
	return allOf(parts...).beside(beside...)
}
