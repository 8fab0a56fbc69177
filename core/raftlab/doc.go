// Package raftlab drives core/raft through the interface of the Raft laboratory
// of MIT's course on distributed systems (6.5840, formerly 6.824), so that a test
// suite written for that interface by others can judge our core: a server is made
// by Make from its peers, a persister and a channel, and has Start, GetState,
// Snapshot and Kill. docs/raftlab.md says how to put the published suite on top.
//
// It is not a node for use (that is core/node): its disk is the suite's persister,
// which takes the whole state at every write, and its network the suite's calls.
//
// Such suites number the commands 1, 2, 3, and so on. In our log a new leader's
// no-op takes an index too. So a command's number is its index less the entries
// before it that are no commands. Every server that has the command has the same
// entries before it (Log Matching, dissertation §3.5), and so the same number; see
// numbering. No-ops are not told to the service.
//
// Peer is the adapter without clock and goroutine, for tests in virtual time. Raft
// is a Peer in real time. Its goroutines: one that ticks, one that hands over what
// is to be applied, and one for each call under way, at most maxCalls to a peer.
// Kill stops the first two; a call ends when the suite's network lets it. Wait waits
// for all of them.
package raftlab
