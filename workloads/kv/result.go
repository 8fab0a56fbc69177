package kv

// Status is the first byte of every result. The numbers are what clients see:
// never reuse one.
type Status uint8

// The statuses.
const (
	// StatusOK: the put was done, or the key was found and its value follows.
	StatusOK Status = 0
	// StatusNotFound: the key has never been put.
	StatusNotFound Status = 1
	// StatusMalformed: the command could not be decoded; nothing was done.
	StatusMalformed Status = 2
	// StatusFull: the put would have made one key more than the machine holds; nothing was done.
	StatusFull Status = 3
)

func (s Status) String() string {
	switch s {
	case StatusOK:
		return "ok"
	case StatusNotFound:
		return "not found"
	case StatusMalformed:
		return "malformed"
	case StatusFull:
		return "full"
	default:
		return "unknown"
	}
}

// ParseResult splits a result into its status and, for a get that found its
// key, the value, which points into b and may be empty. It reports false for
// anything that a Machine would not have answered.
func ParseResult(b []byte) (s Status, value []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	s, value = Status(b[0]), b[1:]
	return s, value, s <= StatusFull && (s == StatusOK || len(value) == 0)
}
