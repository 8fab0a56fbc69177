package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/raftbench/raftbench/core/rafttest"
)

// mutant is a mistake in Raft itself, or in the sessions: a change of its text.
type mutant struct {
	name    string
	mistake string // what is wrong, and who else had it wrong
	file    string // in core/raft, or from there
	edits   []edit
	bounty  rafttest.Bounty
}

// where says what has the mistake.
func (m *mutant) where() string {
	if strings.HasPrefix(m.file, sessionFolder) {
		return "sessions"
	}
	return "Raft"
}

// edit replaces a text that occurs once.
type edit struct{ old, new string }

// one is a single edit.
func one(old, replacement string) []edit { return []edit{{old, replacement}} }

// apply returns the mutant's file, found in the folder of core/raft.
func (m *mutant) apply(folder string) (path string, text []byte, err error) {
	path = filepath.Join(folder, m.file)
	data, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	s := string(data)
	for _, e := range m.edits {
		if n := strings.Count(s, e.old); n != 1 {
			return "", nil, fmt.Errorf("%s: %s has the text %q %d times, want once", m.name, m.file, e.old, n)
		}
		s = strings.Replace(s, e.old, e.new, 1)
	}
	return path, []byte(s), nil
}
