package raftlab

// ApplyMsg tells the service of one committed command, or of a snapshot that
// replaces all of its state. The fields are the laboratory's.
type ApplyMsg struct {
	CommandValid bool
	Command      any
	CommandIndex int

	SnapshotValid bool
	Snapshot      []byte
	SnapshotTerm  int
	SnapshotIndex int // the number of the last command that the snapshot covers
}

// ApplyMessage is ApplyMsg, or the suite's own type of that name.
type ApplyMessage interface {
	~struct {
		CommandValid bool
		Command      any
		CommandIndex int

		SnapshotValid bool
		Snapshot      []byte
		SnapshotTerm  int
		SnapshotIndex int
	}
}

// Persister keeps a server's state over a crash. Both parts are replaced together
// and are durable when Save returns. The slices are the persister's from then on.
type Persister interface {
	Save(state, snapshot []byte)
	ReadRaftState() []byte // empty: there is none
	ReadSnapshot() []byte
}

// Caller calls one peer and waits for the answer, as the laboratory's ClientEnd
// does: false means that there was none, whether or not the peer got the request.
type Caller interface {
	Call(method string, args, reply any) bool
}

// Method is what a Raft calls at its peers: Raft.Handle, in the suite's notation.
const Method = "Raft.Handle"

// Args is a request on its way: its core.Kind, and its encoding by transports/wire.
// The suite's network may encode it once more.
type Args struct {
	Kind uint8
	Body []byte
}

// Reply is the response to an Args, of the same kind. One without a body is no
// response.
type Reply struct {
	Body []byte
}
