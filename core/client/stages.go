package client

import "time"

// Stage is one stretch of an operation's way from Submit to Config.Done. The
// stages follow each other without a gap and do not overlap.
type Stage uint8

// The stages, in the order in which an operation passes them. A read has no
// StageLog.
const (
	StageQueue   Stage = iota // on the link, for want of a free place among Config.Depth, or of a leader; attempts that failed count as that
	StageLinger               // on the link, because the policy waits for company though a batch could leave
	StageRequest              // from Transport.Send to the leader's Handler.Receive: encoding, wire, decoding and wake-ups
	StageInbox                // core.Trace.Inbox
	StageLog                  // core.Trace.Log
	StageQuorum               // core.Trace.Quorum
	StageApply                // core.Trace.Apply
	StageReply                // from the leader's Transport.Reply to Config.Done
)

// NumStages is the number of stages, for arrays indexed by Stage.
const NumStages = 8

func (s Stage) String() string {
	names := [NumStages]string{"queue", "linger", "request", "inbox", "log", "quorum", "apply", "reply"}
	if int(s) < NumStages {
		return names[s]
	}
	return "unknown"
}

// Stages holds how long an operation was in each stage. Where client and leader do
// not share a clock (core.Clock), nobody can tell the way there from the way
// back: StageRequest then holds both, and StageReply is zero.
type Stages [NumStages]time.Duration

// Sum is the time from Submit to Config.Done.
func (s *Stages) Sum() time.Duration {
	var sum time.Duration
	for _, d := range s {
		sum += d
	}
	return sum
}
