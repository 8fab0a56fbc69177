package core

import "fmt"

// Kind tells requests apart on the wire. The numbers are part of every wire
// format: never reuse one.
type Kind uint8

// The request kinds. Each has one request and one response type.
const (
	KindRequestVote     Kind = 1
	KindAppendEntries   Kind = 2
	KindInstallSnapshot Kind = 3
	KindTimeoutNow      Kind = 4
	KindPropose         Kind = 5
	KindRead            Kind = 6
)

// Kinds lists every kind, in order.
func Kinds() []Kind {
	return []Kind{KindRequestVote, KindAppendEntries, KindInstallSnapshot, KindTimeoutNow, KindPropose, KindRead}
}

func (k Kind) String() string {
	switch k {
	case KindRequestVote:
		return "RequestVote"
	case KindAppendEntries:
		return "AppendEntries"
	case KindInstallSnapshot:
		return "InstallSnapshot"
	case KindTimeoutNow:
		return "TimeoutNow"
	case KindPropose:
		return "Propose"
	case KindRead:
		return "Read"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// NewRequest returns an empty request of kind k, or nil if there is no such kind.
func (k Kind) NewRequest() Request {
	switch k {
	case KindRequestVote:
		return new(RequestVoteRequest)
	case KindAppendEntries:
		return new(AppendEntriesRequest)
	case KindInstallSnapshot:
		return new(InstallSnapshotRequest)
	case KindTimeoutNow:
		return new(TimeoutNowRequest)
	case KindPropose:
		return new(ProposeRequest)
	case KindRead:
		return new(ReadRequest)
	}
	return nil
}

// NewResponse returns an empty response of kind k, or nil if there is no such kind.
func (k Kind) NewResponse() Response {
	switch k {
	case KindRequestVote:
		return new(RequestVoteResponse)
	case KindAppendEntries:
		return new(AppendEntriesResponse)
	case KindInstallSnapshot:
		return new(InstallSnapshotResponse)
	case KindTimeoutNow:
		return new(TimeoutNowResponse)
	case KindPropose:
		return new(ProposeResponse)
	case KindRead:
		return new(ReadResponse)
	}
	return nil
}

// Class groups requests that share a lane and a timeout. Control traffic must
// never wait behind the other classes.
type Class uint8

// The classes, most urgent first.
const (
	ClassControl  Class = iota // votes, heartbeats, TimeoutNow
	ClassAppend                // AppendEntries that carry entries
	ClassClient                // Propose and Read
	ClassSnapshot              // InstallSnapshot
)

// NumClasses is the number of classes, for arrays indexed by Class.
const NumClasses = 4

func (c Class) String() string {
	switch c {
	case ClassControl:
		return "control"
	case ClassAppend:
		return "append"
	case ClassClient:
		return "client"
	case ClassSnapshot:
		return "snapshot"
	}
	return fmt.Sprintf("Class(%d)", uint8(c))
}
