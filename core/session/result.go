package session

// Status is the first byte of every result. The numbers are what clients see: never
// reuse one.
type Status uint8

// The statuses.
const (
	// StatusOK: the write was executed, now or when it came before, and the wrapped
	// machine's result follows; or the session was registered, and its ID follows.
	StatusOK Status = 0
	// StatusExpired: there is no such session any more; nothing was done. Whether the
	// write was executed when it came before, if it did, nobody knows.
	StatusExpired Status = 1
	// StatusStale: the client has said that it will not ask for this answer again;
	// nothing was done. A copy that was late gets it.
	StatusStale Status = 2
	// StatusMalformed: the command could not be decoded; nothing was done.
	StatusMalformed Status = 3
)

func (s Status) String() string {
	switch s {
	case StatusOK:
		return "ok"
	case StatusExpired:
		return "session expired"
	case StatusStale:
		return "stale"
	case StatusMalformed:
		return "malformed"
	}
	return "unknown"
}

// ParseResult splits a result of a write into its status and the wrapped machine's
// result, which points into b. It reports false for what a Machine would not have
// answered.
func ParseResult(b []byte) (s Status, result []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	s, result = Status(b[0]), b[1:]
	return s, result, s == StatusOK || s <= StatusMalformed && len(result) == 0
}

// ParseRegistered returns the session that the result of a register tells of. It
// reports false for anything else.
func ParseRegistered(b []byte) (ID, bool) {
	if len(b) == 0 || Status(b[0]) != StatusOK {
		return 0, false
	}
	id, rest, ok := cutUvarint(b[1:])
	return ID(id), ok && id != 0 && len(rest) == 0
}
