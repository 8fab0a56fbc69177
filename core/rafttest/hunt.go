package rafttest

// Bounty says how a bug is looked for, and within how many seeds it must be found.
type Bounty struct {
	Within   int
	By       []string // the promises that it is found to break first
	Ticks    int      // as in Options
	Leases   bool     // as in Options
	Sessions bool     // as in Options
	Turnover bool     // as in Options
	Excess   int      // as Options.ExcessPercent
}

// Options are those of the first world to look in.
func (h Bounty) Options(b Bug) Options {
	return Options{Bug: b, Ticks: h.Ticks, Leases: h.Leases, Sessions: h.Sessions, Turnover: h.Turnover, ExcessPercent: h.Excess}
}

// Bounty returns how b is looked for.
func (b Bug) Bounty() Bounty { return bounty(b) }

const longTicks = 1500 // for what takes several elections in the right places

func bounty(b Bug) Bounty {
	switch b {
	case AckBeforeDurable:
		return Bounty{Within: 400, By: []string{"leader completeness", "log matching", "election safety", "liveness after the faults"}}
	case PersistBeforeDurable:
		return Bounty{Within: 100, By: []string{"leader completeness", "log matching", "liveness after the faults", "nothing is left hanging"}}
	case ForgetVote:
		return Bounty{Within: 300, By: []string{"one vote a term", "election safety"}}
	case ForgetEntries:
		return Bounty{Within: 50, By: []string{"leader completeness", "liveness after the faults"}}
	case VoteTwice:
		return Bounty{Within: 100, By: []string{"election safety", "leader completeness", "log matching"}}
	case VoteForAnyLog:
		return Bounty{Within: 20, By: []string{"leader completeness"}}
	case CommitOlderTerms:
		return Bounty{Within: 200, By: []string{"leader completeness", "state-machine safety", "linearizable reads"}, Ticks: longTicks}
	case CommitUnverified:
		return Bounty{Within: 50, By: []string{"state-machine safety", "no panic"}}
	case AckWholeLog:
		return Bounty{Within: 100, By: []string{"leader completeness", "state-machine safety", "liveness after the faults"}}
	}
	return driverBounty(b)
}

// driverBounty is for what a driver does wrong beside votes and logs.
func driverBounty(b Bug) Bounty {
	reads := []string{"linearizable reads"}
	switch b {
	case ReadWithoutQuorum, ReadFromFollower:
		return Bounty{Within: 50, By: reads}
	case ReadLateAnswer:
		return Bounty{Within: 400, By: reads}
	case SnapshotMislabelled:
		return Bounty{Within: 20, By: []string{"state-machine safety"}}
	case LoseAnswer, AnswerTwice:
		return Bounty{Within: 20, By: []string{"one answer for each request"}}
	case LeakInflight:
		return Bounty{Within: 400, By: []string{"liveness after the faults", "nothing is left hanging"}}
	case ForgetTerm:
		return Bounty{Within: 200, By: []string{"election safety", "one vote a term", "leader completeness", "log matching"}}
	case WipeDisk:
		return Bounty{Within: 50, By: []string{"election safety", "leader completeness"}}
	case ForgetNewborn:
		return Bounty{Within: 50, By: []string{"election safety", "leader completeness", "committed entries are durable on a quorum"}}
	case SettleTooSoon:
		return Bounty{Within: 100, By: []string{"election safety", "leader completeness", "liveness after the faults"}}
	case IgnoreWriteError:
		return Bounty{Within: 300, By: []string{"leader completeness", "log matching", "liveness after the faults"}}
	case SnapshotWithoutConfig:
		return Bounty{Within: 100, By: []string{"the latest configuration is in force"}}
	case LoseTicks:
		return Bounty{Within: 50, By: reads, Ticks: longTicks, Leases: true}
	case ForgetSkippedTicks:
		return Bounty{Within: 100, By: []string{justBlame}, Ticks: longTicks, Leases: true}
	case LeaseBeyondDrift, TransferUnnoticed:
		return Bounty{Within: 200, By: reads, Ticks: longTicks, Leases: true}
	case RetryInNewSession:
		return Bounty{Within: 50, By: []string{"each write is executed once", "a write of an expired session is not executed"}, Sessions: true}
	case ReceiveTooMuch:
		return Bounty{Within: 20, By: []string{"a copy gets the first answer"}, Sessions: true}
	case ForgetPromise:
		return Bounty{Within: 150, By: reads, Ticks: longTicks, Leases: true}
	}
	return snapshotBounty(b)
}

// snapshotBounty is for snapshots that are taken, sent and loaded in the background.
func snapshotBounty(b Bug) Bounty {
	switch b {
	case SnapshotOfLaterState:
		return Bounty{Within: 50, By: []string{"state-machine safety"}}
	case ResumeTooFar:
		return Bounty{Within: 50, By: []string{"a snapshot is whole"}}
	case MixSnapshots:
		return Bounty{Within: 200, By: []string{"a snapshot is whole", "state-machine safety"}}
	case InstallStaleSnapshot:
		return Bounty{Within: 500, By: []string{"entries are applied in order", "state-machine safety", "restart from disk", "no panic", "durable before it leaves"}}
	case InstallUnfinished:
		return Bounty{Within: 100, By: []string{"durable before it leaves", "no panic"}}
	case CompactBeforeDurable:
		return Bounty{Within: 50, By: []string{"restart from disk", "a snapshot that is sent exists", "no panic"}}
	case AdoptOlderSnapshot:
		return Bounty{Within: 400, By: []string{"restart from disk", "a snapshot that is sent exists", "no panic", "durable before it leaves", "log without gaps"}}
	}
	return Bounty{}
}
