package rafttest

import "fmt"

// Bug is a mistake that the simulated driver makes on purpose. Raft itself is
// left as it is: a bug falsifies what goes into it or comes out of it.
type Bug int

// The bugs; mistakes says what each is. For those that leave something
// undurable, the checks that compare with the disk are off: they must be found by
// what they lead to.
const (
	NoBug Bug = iota
	AckBeforeDurable
	PersistBeforeDurable
	ForgetVote
	ForgetEntries
	VoteTwice
	VoteForAnyLog
	CommitOlderTerms
	CommitUnverified
	AckWholeLog
	ReadWithoutQuorum
	ReadLateAnswer
	SnapshotMislabelled
	LoseAnswer
	AnswerTwice
	LeakInflight
	ForgetTerm
	WipeDisk
	IgnoreWriteError
	SnapshotWithoutConfig
	ReadFromFollower
	LeaseBeyondDrift
	LoseTicks
	ForgetPromise
	TransferUnnoticed
	RetryInNewSession
	ReceiveTooMuch
	ForgetNewborn
	SettleTooSoon
	SnapshotOfLaterState
	ResumeTooFar
	MixSnapshots
	InstallStaleSnapshot
	InstallUnfinished
	CompactBeforeDurable
	AdoptOlderSnapshot
	ForgetSkippedTicks
	numBugs
)

// Bugs lists all of them.
func Bugs() []Bug {
	var all []Bug
	for b := NoBug + 1; b < numBugs; b++ {
		all = append(all, b)
	}
	return all
}

// mistakes says what is done wrong, by Bug.
func mistakes() []struct{ name, mistake string } {
	return []struct{ name, mistake string }{
		{"NoBug", "nothing"},
		{"AckBeforeDurable", "what should wait for a write leaves at once"},
		{"PersistBeforeDurable", "the disk reports a write before it is durable"},
		{"ForgetVote", "a restart forgets whom the node voted for"},
		{"ForgetEntries", "a restart loses the last durable entries"},
		{"VoteTwice", "a refused vote is turned into a granted one"},
		{"VoteForAnyLog", "a candidate's log is not looked at"},
		{"CommitOlderTerms", "the leader announces entries of earlier terms as committed by counting"},
		{"CommitUnverified", "a follower applies to the end of its log what the leader has committed"},
		{"AckWholeLog", "a follower acknowledges to the end of its log"},
		{"ReadWithoutQuorum", "a leader answers reads without asking anyone"},
		{"ReadLateAnswer", "an answer to an old heartbeat confirms the newest read"},
		{"SnapshotMislabelled", "a snapshot has the state of one entry before"},
		{"LoseAnswer", "some requests are never answered"},
		{"AnswerTwice", "some requests are answered twice"},
		{"LeakInflight", "failed calls are not reported to the leader"},
		{"ForgetTerm", "a restart forgets the term and the vote"},
		{"WipeDisk", "a crash loses the disk, and the node comes back as if it had not"},
		{"IgnoreWriteError", "a failed write is taken for a durable one"},
		{"SnapshotWithoutConfig", "a snapshot does not say who the members are"},
		{"ReadFromFollower", "a follower answers reads without asking anyone"},
		{"LeaseBeyondDrift", "clocks differ by more than was declared, and nobody tells what they read"},
		{"LoseTicks", "the time of a pause is not told to Raft"},
		{"ForgetPromise", "a restarted voter is told that an election timeout has passed"},
		{"TransferUnnoticed", "TimeoutNow is sent without the leader's knowing"},
		{"RetryInNewSession", "a client whose session expired sends what it had under way again in a new one"},
		{"ReceiveTooMuch", "a client says that it has received all earlier answers"},
		{"ForgetNewborn", "a node does not know that its disk was wiped"},
		{"SettleTooSoon", "a node that has some of the log takes itself for one that remembers"},
		{"SnapshotOfLaterState", "a snapshot that is written in the background has the state of that time, not of its index"},
		{"ResumeTooFar", "a snapshot whose stream broke goes on behind a chunk that is missing"},
		{"MixSnapshots", "a new snapshot goes on where another one stopped"},
		{"InstallStaleSnapshot", "a snapshot that is older than the state is loaded"},
		{"InstallUnfinished", "a snapshot is acknowledged before it is durable"},
		{"CompactBeforeDurable", "the log is compacted when a snapshot is begun, not when it is durable"},
		{"AdoptOlderSnapshot", "a snapshot that was taken replaces a newer one that was installed meanwhile"},
		{"ForgetSkippedTicks", "of a long pause Raft is told only the ticks that matter to elections"},
	}
}

func (b Bug) String() string {
	if all := mistakes(); b >= 0 && int(b) < len(all) {
		return all[b].name
	}
	return fmt.Sprintf("Bug(%d)", int(b))
}

// Mistake says what is done wrong.
func (b Bug) Mistake() string { return mistakes()[b].mistake }
