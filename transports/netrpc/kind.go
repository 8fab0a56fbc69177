package netrpc

import "github.com/raftbench/raftbench/core"

// serviceName is how the server registers with net/rpc.
const serviceName = "Raft"

// method is what net/rpc needs to know about one kind.
type method struct {
	name     string
	newArgs  func() args
	newReply func() reply
}

// methodOf returns the method of a kind; its name is empty if there is none.
func methodOf(kind core.Kind) method {
	switch kind {
	case core.KindRequestVote:
		return method{serviceName + ".RequestVote", func() args { return new(RequestVoteArgs) }, func() reply { return new(RequestVoteReply) }}
	case core.KindAppendEntries:
		return method{serviceName + ".AppendEntries", func() args { return new(AppendEntriesArgs) }, func() reply { return new(AppendEntriesReply) }}
	case core.KindInstallSnapshot:
		return method{serviceName + ".InstallSnapshot", func() args { return new(InstallSnapshotArgs) }, func() reply { return new(InstallSnapshotReply) }}
	case core.KindTimeoutNow:
		return method{serviceName + ".TimeoutNow", func() args { return new(TimeoutNowArgs) }, func() reply { return new(TimeoutNowReply) }}
	case core.KindPropose:
		return method{serviceName + ".Propose", func() args { return new(ProposeArgs) }, func() reply { return new(ClientReply) }}
	case core.KindRead:
		return method{serviceName + ".Read", func() args { return new(ReadArgs) }, func() reply { return new(ClientReply) }}
	}
	return method{}
}

// fixedBytes is more than gob needs for the fields of fixed size of any message,
// with ten bytes for each number.
const fixedBytes = 128

// requestBytes is an upper bound of what gob makes of req.
func requestBytes(req core.Request) int {
	switch r := req.(type) {
	case *core.AppendEntriesRequest:
		n := fixedBytes
		for i := range r.Entries {
			e := &r.Entries[i]
			n += 6 + gobUintBytes(uint64(e.Term)) + gobUintBytes(uint64(len(e.Data))) + len(e.Data)
		}
		return n
	case *core.InstallSnapshotRequest:
		return fixedBytes + len(r.Data)
	case *core.ProposeRequest:
		return fixedBytes + listBytes(r.Commands)
	case *core.ReadRequest:
		return fixedBytes + listBytes(r.Queries)
	}
	return fixedBytes
}

// responseBytes is an upper bound of what gob makes of resp.
func responseBytes(resp core.Response) int {
	switch r := resp.(type) {
	case *core.ProposeResponse:
		return fixedBytes + listBytes(r.List())
	case *core.ReadResponse:
		return fixedBytes + listBytes(r.List())
	}
	return fixedBytes
}

func listBytes(list [][]byte) int {
	n := 0
	for _, b := range list {
		n += gobUintBytes(uint64(len(b))) + len(b)
	}
	return n
}
