package main

import (
	"context"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/workloads"
)

// nodes is the size of every cluster.
const nodes = 3

// engine is one Raft to be measured, with the driver around it that it needs.
type engine struct {
	name    string
	modules []string // whose versions are printed with the results
	how     string   // what is special about it, in one line
	start   func(ctx context.Context, s setup) (cluster, error)
}

// setup is what a cluster is started with.
type setup struct {
	// dir is where the nodes keep their logs, each in a folder of its own; what is
	// there already is recovered. Empty: in memory.
	dir string

	addresses []string // to listen on, by node; loopback
	seed      uint64
	clients   int
}

// cluster is three nodes in this process, and the way in for clients.
type cluster interface {
	// connect makes a target that hands an operation back through done when it is
	// durable on a quorum and applied where it was proposed. It is called once.
	connect(done func([]*client.Op)) (workloads.Target, error)

	// tallies returns the nodes' state machines.
	tallies() []*tally

	// close stops everything. What is on disk stays.
	close() error
}

// engines lists what there is, in the order of the tables; the first is what the
// others are compared with.
func engines() []engine {
	return []engine{raftbenchLocal(), raftbenchTCP(), dragonboatEngine(), etcdEngine(), hashicorpEngine()}
}
