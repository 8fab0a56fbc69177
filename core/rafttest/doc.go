// Package rafttest runs core/raft in a simulated world: a clock, a network and
// disks that exist only in memory and do what one seed says. Messages are lost,
// doubled, delayed and overtake each other; nodes are cut off, crash, forget
// what was not durable and come back; disks stall; clients write and read;
// snapshots are taken and leaders asked to go; in some worlds members come and go,
// clocks run at different rates, and leaders hold leases; in others leaders, or all
// voters, follow each other within moments. After every event it
// checks what Raft promises, and when the faults have stopped, that work goes on.
// docs/simulation.md has the list of faults, of promises, and of the mistakes that
// were seeded to see that they are found.
//
// It is not a test of core/node, of a storage or of a transport: it stands in
// for all three. What it finds is a fault of core/raft, or of the contract
// between raft and its driver.
//
// The same options give the same events in the same order, and with a trace the
// same bytes. It starts no goroutine and does not look at a clock.
package rafttest
