package raftlab

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/wire"
)

// state is what a persister keeps beside the service's snapshot.
type state struct {
	hard     core.HardState
	snapshot core.SnapshotMeta
	number   int          // of the last command that the snapshot covers
	entries  []core.Entry // beyond the snapshot
}

// errState: what a persister returned is not an encoded state.
var errState = errors.New("raftlab: not a saved state")

const (
	stateVersion   = 1
	stateHeadBytes = 1 + 6*8 + 4
)

// encode returns the version, six numbers of 8 bytes, the length of the
// configuration and its bytes, and the entries, all little-endian.
func (s *state) encode() []byte {
	buf := make([]byte, 0, stateHeadBytes+len(s.snapshot.Config)+wire.SizeEntries(s.entries))
	buf = append(buf, stateVersion)
	for _, n := range []uint64{
		uint64(s.hard.Term), uint64(s.hard.Vote), uint64(s.hard.Commit),
		uint64(s.snapshot.Index), uint64(s.snapshot.Term), uint64(s.number),
	} {
		buf = binary.LittleEndian.AppendUint64(buf, n)
	}
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(s.snapshot.Config)))
	buf = append(buf, s.snapshot.Config...)
	return wire.AppendEntries(buf, s.entries)
}

// decodeState returns what encode was given; the zero state for no bytes. The data of
// entries aliases buf. Errors match errState.
func decodeState(buf []byte) (state, error) {
	var s state
	if len(buf) == 0 {
		return s, nil
	}
	if len(buf) < stateHeadBytes || buf[0] != stateVersion {
		return s, fmt.Errorf("%w: %d bytes of another form than version %d", errState, len(buf), stateVersion)
	}
	var n [6]uint64
	for i := range n {
		n[i] = binary.LittleEndian.Uint64(buf[1+8*i:])
	}
	s.hard = core.HardState{Term: core.Term(n[0]), Vote: core.NodeID(n[1]), Commit: core.Index(n[2])}
	s.snapshot = core.SnapshotMeta{Index: core.Index(n[3]), Term: core.Term(n[4])}
	s.number = int(n[5])
	config := uint64(binary.LittleEndian.Uint32(buf[stateHeadBytes-4:]))
	rest := buf[stateHeadBytes:]
	if config > uint64(len(rest)) {
		return state{}, fmt.Errorf("%w: a configuration of %d bytes in %d", errState, config, len(rest))
	}
	s.snapshot.Config = string(rest[:config])
	entries, err := wire.DecodeEntries(rest[config:], s.snapshot.Index, nil)
	if err != nil {
		return state{}, fmt.Errorf("%w: %w", errState, err)
	}
	s.entries = entries
	return s, nil
}
