package experiment

import (
	"fmt"
	"slices"

	"github.com/raftbench/raftbench/core/client"
)

// ReadMode says how reads are made linearizable.
type ReadMode string

// The read modes.
const (
	ReadIndex ReadMode = "readindex" // the leader confirms that it leads (dissertation §6.4)
	ReadLease ReadMode = "lease"     // the leader answers while it holds a lease (§6.4.1), else as with ReadIndex
	ReadLog   ReadMode = "log"       // a read is an entry in the log
)

// ReadModes lists the read modes.
func ReadModes() []ReadMode { return []ReadMode{ReadIndex, ReadLease, ReadLog} }

// readFromFollowers is Settings.ReadFrom if followers are asked, or empty.
func (s *Settings) readFromFollowers() string {
	if s.ReadFrom == client.ReadFromLeader {
		return ""
	}
	return string(s.ReadFrom)
}

func (s *Settings) validateReads() error {
	if err := allowed("--read-mode", ReadModes(), s.ReadMode); err != nil {
		return err
	}
	if s.ReadFrom == "" {
		return nil
	}
	if err := allowed("--read-from", client.ReadFroms(), s.ReadFrom); err != nil {
		return err
	}
	switch followers := s.readFromFollowers() != ""; {
	case followers && s.ReadMode == ReadLog:
		return fmt.Errorf("--read-from %s: a read through the log is a write, which only the leader takes: want --read-mode readindex or lease", s.ReadFrom)
	case followers && slices.Contains(s.Nodes, 1):
		return fmt.Errorf("--read-from %s: a cluster of one node has no followers: want --nodes without 1", s.ReadFrom)
	}
	return nil
}
