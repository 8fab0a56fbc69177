package core

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// MaxMembers bounds the members of a cluster, learners included.
const MaxMembers = 64

// Configuration says who the members of a cluster are (dissertation §4). Its
// lists are sorted and never written to once others can see them. The zero value
// is that of a node which has not been told yet.
type Configuration struct {
	// Voters elect and commit. In a joint configuration they are the ones to come.
	Voters []NodeID

	// Outgoing, in a joint configuration (§4.3), are the voters before the
	// change: elections and commits need a majority of them as well.
	Outgoing []NodeID

	// Learners receive the log and have no voice. One may be in Outgoing: a voter
	// on its way to become a learner.
	Learners []NodeID
}

// IsJoint reports whether two majorities are needed.
func (c *Configuration) IsJoint() bool { return len(c.Outgoing) > 0 }

// IsVoter reports whether id votes, in either half of a joint configuration.
func (c *Configuration) IsVoter(id NodeID) bool {
	return slices.Contains(c.Voters, id) || slices.Contains(c.Outgoing, id)
}

// IsMember reports whether id receives the log.
func (c *Configuration) IsMember(id NodeID) bool {
	return c.IsVoter(id) || slices.Contains(c.Learners, id)
}

// Members returns everyone who receives the log, sorted, in memory of its own.
func (c *Configuration) Members() []NodeID {
	all := slices.Concat(c.Voters, c.Outgoing, c.Learners)
	slices.Sort(all)
	return slices.Compact(all)
}

// Equal reports whether c and o have the same members in the same parts.
func (c *Configuration) Equal(o *Configuration) bool {
	return slices.Equal(c.Voters, o.Voters) && slices.Equal(c.Outgoing, o.Outgoing) && slices.Equal(c.Learners, o.Learners)
}

// Sorted returns a copy of c whose lists are in order and its own.
func (c *Configuration) Sorted() Configuration {
	s := Configuration{slices.Clone(c.Voters), slices.Clone(c.Outgoing), slices.Clone(c.Learners)}
	for _, list := range [][]NodeID{s.Voters, s.Outgoing, s.Learners} {
		slices.Sort(list)
	}
	return s
}

func (c Configuration) String() string {
	s := fmt.Sprintf("voters %v", ids(c.Voters))
	if c.IsJoint() {
		s += fmt.Sprintf(" and %v", ids(c.Outgoing))
	}
	if len(c.Learners) > 0 {
		s += fmt.Sprintf(" learners %v", ids(c.Learners))
	}
	return s
}

// ids returns the members as numbers, which print shorter.
func ids(list []NodeID) []uint64 {
	numbers := make([]uint64, len(list))
	for i, id := range list {
		numbers[i] = uint64(id)
	}
	return numbers
}

// Validate says what is wrong with c: a configuration has voters, no node zero,
// no node twice in a list, no learner that is a voter to come, and its lists are
// in order.
func (c *Configuration) Validate() error {
	if len(c.Voters) == 0 {
		return errors.New("configuration without voters")
	}
	if n := len(c.Voters) + len(c.Outgoing) + len(c.Learners); n > MaxMembers {
		return fmt.Errorf("configuration of %d members: at most %d are allowed", n, MaxMembers)
	}
	for _, list := range [][]NodeID{c.Voters, c.Outgoing, c.Learners} {
		before := NodeID(0)
		for _, id := range list {
			switch {
			case id == 0:
				return errors.New("configuration names node zero, which means nobody")
			case id == before:
				return fmt.Errorf("configuration names %v twice", id)
			case id < before:
				return fmt.Errorf("configuration names %v after %v: lists are in order", id, before)
			}
			before = id
		}
	}
	for _, id := range c.Learners {
		if slices.Contains(c.Voters, id) {
			return fmt.Errorf("configuration names %v as a voter and as a learner", id)
		}
	}
	return nil
}

// configurationVersion is the first byte of an encoded configuration. The rest
// are the three lists, each a byte with its length and 8 bytes, little-endian, a
// member.
const configurationVersion = 1

// ErrConfiguration: what should be an encoded configuration is not one.
var ErrConfiguration = errors.New("not a configuration")

// Encode returns the encoding of c, as it stands in a log entry and in
// SnapshotMeta. Equal configurations have equal encodings. The zero value has
// the empty one.
func (c *Configuration) Encode() string {
	if len(c.Voters) == 0 {
		return ""
	}
	buf := []byte{configurationVersion}
	for _, list := range [][]NodeID{c.Voters, c.Outgoing, c.Learners} {
		buf = append(buf, byte(len(list)))
		for _, id := range list {
			buf = binary.LittleEndian.AppendUint64(buf, uint64(id))
		}
	}
	return string(buf)
}

// DecodeConfiguration returns the configuration that data is the encoding of. It
// keeps nothing of data. Errors match ErrConfiguration.
func DecodeConfiguration(data []byte) (Configuration, error) {
	var c Configuration
	if len(data) == 0 || data[0] != configurationVersion {
		return c, fmt.Errorf("%w: %d bytes of another version than %d", ErrConfiguration, len(data), configurationVersion)
	}
	rest := data[1:]
	for _, list := range []*[]NodeID{&c.Voters, &c.Outgoing, &c.Learners} {
		if len(rest) == 0 || len(rest)-1 < 8*int(rest[0]) {
			return Configuration{}, fmt.Errorf("%w: it ends within a list", ErrConfiguration)
		}
		n := int(rest[0])
		for rest = rest[1:]; n > 0; n-- {
			*list = append(*list, NodeID(binary.LittleEndian.Uint64(rest)))
			rest = rest[8:]
		}
	}
	if len(rest) > 0 {
		return Configuration{}, fmt.Errorf("%w: %d bytes follow it", ErrConfiguration, len(rest))
	}
	if err := c.Validate(); err != nil {
		return Configuration{}, fmt.Errorf("%w: %w", ErrConfiguration, err)
	}
	return c, nil
}
