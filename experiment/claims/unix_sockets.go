package claims

import (
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

func overTCP(clients int) Arm  { return Arm{Transport: "rawtcp", Clients: clients} }
func overUnix(clients int) Arm { return Arm{Transport: "rawtcp:sock=unix", Clients: clients} }

func unixSockets() Claim {
	c := Claim{
		ID:       "unix-sockets",
		Sentence: "On one machine, Unix sockets beat TCP over loopback.",
		Sources: []claimtable.Source{
			{Text: "2 µs against 6 µs a round trip in C (ipc-bench); 100 µs against 125 µs with gRPC (Ja7ad/grpc-unix-socket).", URL: "https://github.com/Ja7ad/grpc-unix-socket"},
		},
		Setup: "One round trip of an AppendEntries with one entry of 128 B over rawtcp, without Raft, the same frames over a Unix socket and over loopback TCP: p50 with one caller, throughput with 64. " +
			"What crosses a Unix socket is in no TCP counter, so there are no bytes on the wire.",
		Rule: "It holds if the Unix socket has the lower p50 with one caller and the higher throughput with 64, both by more than what is no difference on this machine. It does not hold if it misses one of the two.",
		Mechanism: "If it does not hold, the usual reason is that the socket is a small part of the round trip: waking a goroutine, or a thread, costs as much as the system call. " +
			"With many callers one write carries many calls, and what a write costs is shared by them.",
		Layer: experiment.LayerEcho,
		Judge: judgeUnixSockets,
	}
	for _, n := range []int{1, 64} {
		c.Arms = append(c.Arms, overTCP(n), overUnix(n))
	}
	return c
}

func judgeUnixSockets(e *Evidence) Finding {
	return allOf(
		e.beats(p50(), overUnix(1), overTCP(1), "x0.33 to x0.8"),
		e.beats(reports.Throughput(), overUnix(64), overTCP(64), "higher"),
	).beside(
		e.compared(reports.CPUPerOp(), overUnix(64), overTCP(64)),
		e.compared(p99(), overUnix(64), overTCP(64)),
	)
}
