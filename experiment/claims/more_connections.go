package claims

import (
	"fmt"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

func connected(transport string, conns int) Arm {
	return Arm{Transport: fmt.Sprintf("%s:conns=%d", transport, conns), Clients: 1000}
}

// fewConns and manyConns are the connections to a peer that are compared. More than four are
// more than two cores have use for.
const fewConns, manyConns = 1, 4

func moreConnections() Claim {
	c := Claim{
		ID:       "more-connections",
		Sentence: "With many calls under way, more connections to a peer carry more.",
		Sources: []claimtable.Source{
			{Text: "The advice of gRPC's maintainers: \"create multiple ClientConns and spread RPCs\" (grpc/grpc-go#4862; also #2975, #1315).", URL: "https://github.com/grpc/grpc-go/issues/4862"},
			{Text: "One client for each peer is a bottleneck of net/rpc (cockroachdb/cockroach#1283).", URL: "https://github.com/cockroachdb/cockroach/issues/1283"},
		},
		Setup: "One round trip of an AppendEntries with one entry of 128 B, without Raft; 1,000 callers in a closed loop over one connection and over four; gRPC unary, as the advice means it. " +
			"The stream and rawtcp are shown beside.",
		Rule:      "It holds if unary gRPC has a higher throughput over four connections than over one, by more than what is no difference on this machine, and does not hold if it has not.",
		Mechanism: "If it does not hold, the usual reason is that the connection is not the limit: where client and server share a few cores, the CPU is. More connections also split what one write could carry, so each carries less of it.",
		Layer:     experiment.LayerEcho,
		Judge:     judgeMoreConnections,
	}
	for _, t := range []string{"grpc:mode=unary", "grpc", "rawtcp"} {
		c.Arms = append(c.Arms, connected(t, fewConns), connected(t, manyConns))
	}
	return c
}

func judgeMoreConnections(e *Evidence) Finding {
	beats := func(transport string) Finding {
		return e.beats(reports.Throughput(), connected(transport, manyConns), connected(transport, fewConns), "higher")
	}
	return beats("grpc:mode=unary").beside(
		beats("grpc"), beats("rawtcp"),
		e.compared(p99(), connected("grpc:mode=unary", manyConns), connected("grpc:mode=unary", fewConns)),
	)
}
