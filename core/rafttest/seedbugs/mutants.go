package main

import (
	"slices"

	"github.com/raftbench/raftbench/core/rafttest"
)

const (
	safety   = "leader completeness"
	election = "election safety"
	reads    = "linearizable reads"
	machine  = "state-machine safety"
	quorum   = "committed entries are durable on a quorum"
	inForce  = "the latest configuration is in force"
	follow   = "configurations follow each other"
	disk     = "durable before it leaves"
	matching = "log matching"
	noPanic  = "no panic"
	liveness = "liveness after the faults"
)

func within(seeds int, by ...string) rafttest.Bounty { return rafttest.Bounty{Within: seeds, By: by} }

// turnover looks only in worlds in which leaders, or all voters, are replaced again
// and again.
func turnover(seeds int, by ...string) rafttest.Bounty {
	return rafttest.Bounty{Within: seeds, By: by, Turnover: true}
}

// leased looks only in worlds with leases.
func leased(seeds int, by ...string) rafttest.Bounty {
	return rafttest.Bounty{Within: seeds, By: by, Ticks: 1500, Leases: true}
}

// mutants are the mistakes in votes, logs and reads, and those of members, leases, clocks,
// sessions and nodes that lost their disk.
func mutants() []mutant {
	return slices.Concat(algorithmMutants(), memberMutants(), leaseMutants(), clockMutants(), sessionMutants(), newbornMutants())
}

func algorithmMutants() []mutant {
	return []mutant{
		{"CountOlderTerms", "entries of earlier terms are committed by counting (figure 3.7; logcabin#44)", "commit.go",
			one("if i <= r.commit || i < r.termStart {", "if i <= r.commit {"), turnover(100, safety, machine)},
		{"ForgetVoteInTerm", "stepping down within a term forgets the vote (eliben/raft 5a550b1)", "step.go",
			one("if term > r.term {\n\t\tr.setTerm(term)", "if term >= r.term {\n\t\tr.setTerm(term)"), within(1000, election, "one vote a term", disk)},
		{"CountVoteTwice", "an answer to a candidate that asked again counts as another's vote (section 3.3)", "election.go",
			one("if v := &b.votes[i]; v.from == from {", "if v := &b.votes[i]; false {"), within(50, election, matching, safety, machine)},
		{"TruncateMatching", "an append cuts the log where it agrees (openraft, cockroach#63302)", "append.go",
			[]edit{{"if len(entries) == 0 || r.has(&entries[len(entries)-1]) {", "if len(entries) == 0 {"}, {"if r.has(&entries[i]) {\n\t\t\tcontinue", "if false {\n\t\t\tcontinue"}},
			within(200, disk, quorum, safety, noPanic)},
		{"UnsortedQuorum", "the quorum's index is taken from an unsorted list (openraft#1802)", "quorum.go",
			one("for ; at > 0 && sorted[at-1] < m; at-- {", "for ; at < 0; at-- {"), within(50, quorum)},
		{"CountReplacedWrites", "a write vouches for entries that have been replaced (the ABA problem of asynchronous appends)", "writes.go",
			one("u.end = min(u.end, last)", "_ = u"), within(200, disk, quorum)},
		{"AskBeforeDurable", "a candidate asks for votes before its own is durable (etcd#14370)", "election.go",
			one("r.sendWhenDurable(id", "r.send(id"), within(50, election, disk)},
		{"ReadBeforeCommitInTerm", "reads are answered before an entry of the term is committed (etcd#7331)", "commit.go",
			one("return r.commit >= r.termStart", "return true"), within(300, reads)},
		{"DeliverBeforeInstalled", "entries behind a snapshot are given out before it is loaded", "makeready.go",
			one(" && r.applied >= r.installing", ""), within(50, "entries are applied in order")},
		{"LearnBeyondVerified", "a follower commits to the end of its log what a leader said to be committed", "commit.go",
			one("min(r.told, r.verified)", "min(r.told, r.log.last)"), within(200, safety, machine)},
		{"VoteForShorterLogs", "votes go to logs with the same last term that are shorter (section 3.6.1)", "log.go",
			one("term == l.lastTerm && index >= l.last", "term == l.lastTerm"), within(50, safety)},
	}
}

func memberMutants() []mutant {
	return []mutant{
		{"JointCommitByOneHalf", "a joint configuration commits with the new majority alone (section 4.3)", "quorum.go",
			one("if r.need[1] > 0 {", "if false {"), within(500, quorum, safety)},
		{"JointElectionByOneHalf", "a joint configuration elects with the new majority alone (section 4.3)", "quorum.go",
			one("won = won && granted >= r.need[half]", "won = won && (half == 1 || granted >= r.need[half])"), turnover(100, election, safety, machine, matching)},
		{"LearnersCommit", "learners count for commits (section 4.2.1)", "quorum.go",
			one("if r.peers[i].part&half == 0 {", "if r.peers[i].part&half == 0 && r.peers[i].part != 0 {"), within(100, quorum)},
		{"LearnersElect", "learners' votes count (section 4.2.1)", "quorum.go",
			one("granted, refused := r.ballot.count(voters)", "granted, refused := r.ballot.count(latest.Members())\n\t\tvoters = latest.Members()"), within(300, election, safety, machine, matching)},
		{"KeepConfigOnTruncation", "a cut of the log does not bring the configuration back (canonical/raft#354)", "append.go",
			one("if r.members.truncate(last) {", "if false {"), within(500, inForce)},
		{"ForgetConfigOnRestart", "a restart looks for the configuration in the snapshot alone (etcd#7625)", "members.go",
			one("if err := m.note(&entries[i]); err != nil {\n\t\t\t\treturn m,", "if err := m.note(&core.Entry{}); err != nil {\n\t\t\t\treturn m,"), within(100, inForce)},
		{"KeepConfigOnSnapshot", "a snapshot does not bring its configuration (canonical/raft#250)", "snapshot.go",
			one("c, _ = core.DecodeConfiguration([]byte(s.Config)) // it was", "_ = 0 // it was"), within(500, inForce)},
		{"ChangeDuringChange", "a second change begins before the first is committed (section 4.1)", "change.go",
			one("case now.IsJoint() || now.index > r.commit || !r.committedInTerm():", "case false:"), within(300, follow, election, safety, machine)},
		{"ChangeInOneStep", "voters change without a joint configuration (section 4.3)", "change.go",
			one("if !slices.Equal(to.Voters, now.Voters) {", "if len(to.Voters) == 0 && !slices.Equal(to.Voters, now.Voters) {"), within(100, follow)},
		{"LeaveJointTooSoon", "the joint configuration is left before it is committed (section 4.3)", "change.go",
			one("return r.members.latest().index <= r.commit\n", "return r.members.latest().index > 0\n"), within(500, election, safety, machine, quorum, liveness)},
		{"RemovedLeaderCounts", "a leader counts itself after it was removed (section 4.2.2)", "quorum.go",
			one("if r.part&half != 0 {", "if r.part&half != 0 || r.part == 0 {"), within(1000, quorum)},
	}
}

func leaseMutants() []mutant {
	return []mutant{
		{"LeaseTooLong", "a lease outlasts the promises that it rests on (section 6.4.1)", "lease.go",
			one("r.ticks-l.rounds.at(0).tick >= l.ticks;", "r.ticks-l.rounds.at(0).tick >= 4*l.ticks;"), leased(200, reads)},
		{"LeaseFromAnswer", "a lease counts from the answer, not from the sending (section 6.4.1)", "lease.go",
			[]edit{{"oldest := r.lease.rounds.at(0).context\n\treturn r.isQuorum(func(p *progress) bool { return p.readContext >= oldest })", "return r.isQuorum(func(p *progress) bool { return r.ticks-p.heard < r.lease.ticks })"}},
			leased(600, reads)},
		{"LeaseKeptInTransfer", "a leader that hands over keeps its lease (section 6.4.1)", "lease.go",
			one(" || r.lease.handedOver || r.transferee != 0", ""), leased(600, reads)},
		{"PromiseLostAtRestart", "a restarted voter votes at once, against its promise", "raft.go",
			one("if r.term > 0 {\n\t\tr.promiseQuiet()", "if false {\n\t\tr.promiseQuiet()"), leased(200, reads)},
		{"LeaseBeforeCommitInTerm", "a lease answers before an entry of the term is committed (section 6.4)", "read.go",
			[]edit{{"if r.committedInTerm() {\n\t\tread.index", "if r.commit > 0 {\n\t\tread.index"}}, leased(600, reads)},
		{"LeaseBeforeClock", "the lease is looked at before the clock is (tikv#10011)", "read.go",
			one("r.reads.context++\n\tr.reads.pending.push(read)", "r.reads.context++\n\tif read.index > 0 && r.holdsLease() {\n\t\tr.reads.done = append(r.reads.done, ReadState{read.context, r.commit})\n\t\treturn read.context, nil\n\t}\n\tr.reads.pending.push(read)"), leased(300, reads)},
	}
}

// newbornMutants are mistakes with a node that lost its disk.
func newbornMutants() []mutant {
	return []mutant{
		{"NewbornVotes", "a node that lost its disk votes at once (RedisRaft#28)", "election.go",
			one("if r.Newborn() {\n\t\tr.abstain(token, q)", "if false {\n\t\tr.abstain(token, q)"), within(200, election, safety, machine, matching)},
		{"NewbornCounts", "what a node that lost its disk acknowledges helps to commit", "newborn.go",
			one("a.Abstain(r.commit)", "_ = a"), within(1000, safety, machine, election, reads, quorum)},
		{"FoundedByOne", "one founder with an empty log is enough to begin a cluster", "newborn.go",
			one("slices.ContainsFunc(b.founders, func(f founder) bool { return !f.empty })", "len(b.founders) > 0 && !slices.ContainsFunc(b.founders, func(f founder) bool { return f.empty })"),
			within(1000, safety, machine, election, noPanic)},
		{"GrownByAnyCommit", "a node that lost its disk remembers as soon as it has anything that is committed", "newborn.go",
			one("b.heard != r.term || b.heard == 0 || r.commit <= b.after || ", "b.life == 0 || r.commit == 0 || "), within(1000, safety, machine, election, quorum)},
		{"ChangeNeedsNewborn", "a change of members needs a node that lost its disk, or is down, for a majority", "change.go",
			one("return r.checkMajority(to.Voters)", "return nil"), within(1000, liveness)},
	}
}
