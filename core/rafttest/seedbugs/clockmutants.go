package main

import "github.com/raftbench/raftbench/core/rafttest"

const (
	just   = "clocks within the drift are not blamed"
	beside = "no lease beside a clock that was blamed"
)

// longer gives each world more time, for what takes several elections.
func longer(seeds int, by ...string) rafttest.Bounty {
	return rafttest.Bounty{Within: seeds, By: by, Ticks: 1500}
}

// parted looks only in worlds whose clocks break their bound.
func parted(seeds int, by ...string) rafttest.Bounty {
	return rafttest.Bounty{Within: seeds, By: by, Ticks: 1500, Leases: true, Excess: 100}
}

// clockMutants are mistakes with clocks that are faster than declared.
func clockMutants() []mutant {
	return []mutant{
		{"ClocksComparedBackwards", "clocks are compared the wrong way round (section 6.4.1)", "clock.go",
			one("return a > c || a == c && b >= d", "return a < c || a == c && b <= d"), leased(50, just)},
		{"ClockFromAnswer", "a leader's time counts from the answer, not from the sending: delays look like fast clocks", "clock.go",
			one("theirs, left, r.reads.context", "theirs, r.clock(), r.reads.context"), longer(300, just)},
		{"ClockOfFormerLife", "what a voter told before it restarted is compared with what it told afterwards", "clock.go",
			one("a.ReadContext > max(w.context, w.after)", "a.ReadContext > w.context"), longer(3000, just)},
		{"ClockWithoutGranularity", "whole ticks are taken for exact", "clock.go",
			one("FastClock{p.id, theirs - w.theirs - 1, r.clock() - w.ours + 1}", "FastClock{p.id, theirs - w.theirs, max(1, r.clock()-w.ours)}"), leased(50, just)},
		{"ClockForgottenAtElection", "whose clock was fast is forgotten with the term", "progress.go",
			one("p.probe(next, false)\n}\n\nfunc (p *progress) probe", "p.clock.fast = false\n\tp.probe(next, false)\n}\n\nfunc (p *progress) probe"), parted(300, beside)},
		{"LeaseBesideFastClock", "a leader that knows of a fast clock keeps its lease (section 6.4.1)", "lease.go",
			one(" || r.FastClock() != 0", ""), parted(20, beside)},
	}
}
