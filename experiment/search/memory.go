package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/raftbench/raftbench/reports/disk"
	"github.com/raftbench/raftbench/reports/journal"
)

// Fact is one thing that makes an experiment this one and no other: a setting by name.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// The records of a journal of trials.
const (
	recordSearch = "search" // opening; the first record and no other
	recordTrial  = "trial"  // remembered
)

const (
	memorySchema  = "raftbench/search"
	memoryVersion = 1
	// memoryFiles are the journals of a directory, one for each time that the search was
	// begun or taken up again: what is there is never written anew.
	memoryFiles = "trials-*.jsonl"
	// maxMemoryBytes bounds what is read; a trial takes about a kilobyte.
	maxMemoryBytes = 64 << 20
)

type opening struct {
	Schema  string `json:"schema"`
	Version int    `json:"version"`
	Facts   []Fact `json:"facts"`
}

type remembered struct {
	Subject string `json:"subject"` // whose trial it is: the transport
	Measured
}

// Memory keeps outcomes in a directory as they come: each survives the process, and a loss
// of power, once it was passed on. It has one user at a time.
type Memory struct {
	journal *journal.Writer
	known   []remembered
}

// Facts are those of the experiment that a directory remembers.
func Facts(dir string) ([]Fact, error) {
	facts, _, err := recall(dir)
	return facts, err
}

// Remember begins or takes up the memory in dir. The error says in what the experiment that
// is remembered there differs from this one.
func Remember(fs disk.FS, dir string, facts []Fact) (*Memory, error) {
	m := new(Memory)
	before, err := filepath.Glob(filepath.Join(dir, memoryFiles))
	if err != nil {
		return nil, err
	}
	if len(before) > 0 {
		old, known, err := recall(dir)
		if err != nil {
			return nil, err
		}
		if err := differences(old, facts); err != nil {
			return nil, fmt.Errorf("%s is of another experiment: %w", dir, err)
		}
		m.known = known
	}
	data, err := json.Marshal(opening{memorySchema, memoryVersion, facts})
	if err != nil {
		return nil, err
	}
	m.journal, err = journal.Create(fs, filepath.Join(dir, fmt.Sprintf("trials-%03d.jsonl", len(before)+1)), recordSearch, data)
	return m, err
}

// differences says what the first fact is in which two experiments differ.
func differences(old, facts []Fact) error {
	for _, f := range facts {
		i := slices.IndexFunc(old, func(o Fact) bool { return o.Name == f.Name })
		switch {
		case i < 0:
			return fmt.Errorf("%s is %q and was not known there", f.Name, f.Value)
		case old[i].Value != f.Value:
			return fmt.Errorf("%s was %q there and is %q", f.Name, old[i].Value, f.Value)
		}
	}
	for _, o := range old {
		if !slices.ContainsFunc(facts, func(f Fact) bool { return o.Name == f.Name }) {
			return fmt.Errorf("%s was %q there and is not known", o.Name, o.Value)
		}
	}
	return nil
}

// Trials is how many trials are remembered.
func (m *Memory) Trials() int { return len(m.known) }

// Of returns a Measurer that passes on what is remembered of a subject, and else asks another
// and remembers what it says.
func (m *Memory) Of(subject string, other Measurer) Measurer {
	return MeasureFunc(func(ctx context.Context, t Trial) (Outcome, error) {
		for i := range m.known {
			if k := &m.known[i]; k.Subject == subject && k.Trial == t {
				return k.Outcome, nil
			}
		}
		o, err := other.Measure(ctx, t)
		if err != nil {
			return o, err
		}
		r := remembered{subject, Measured{t, o}}
		data, err := json.Marshal(r)
		if err == nil {
			err = m.journal.Append(recordTrial, data)
		}
		if err != nil {
			return o, fmt.Errorf("the trials cannot be kept: %w", err)
		}
		m.known = append(m.known, r)
		return o, nil
	})
}

// Close leaves what is remembered where it is.
func (m *Memory) Close() error { return m.journal.Close() }

// recall reads all journals of a directory.
func recall(dir string) ([]Fact, []remembered, error) {
	paths, err := filepath.Glob(filepath.Join(dir, memoryFiles))
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("%s remembers no trials: want a directory that raftbench tune -o wrote", dir)
	}
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(paths)
	var facts []Fact
	var all []remembered
	for i, path := range paths {
		these, known, err := recallFile(path)
		if err == nil && i > 0 {
			err = differences(facts, these)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", path, err)
		}
		facts, all = these, append(all, known...)
	}
	return facts, all, nil
}

func recallFile(path string) ([]Fact, []remembered, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }()
	if disk.Locked(f) {
		return nil, nil, errors.New("a search that still runs is writing it")
	}
	text, err := io.ReadAll(io.LimitReader(f, maxMemoryBytes+1))
	if err == nil && len(text) > maxMemoryBytes {
		err = fmt.Errorf("more than %d bytes", maxMemoryBytes)
	}
	if err != nil {
		return nil, nil, err
	}
	return parseMemory(text)
}

// parseMemory reads a journal. A last record that is torn is left out: that trial is made
// again.
func parseMemory(text []byte) ([]Fact, []remembered, error) {
	records, _, err := journal.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	var head opening
	if len(records) == 0 || records[0].Kind != recordSearch || json.Unmarshal(records[0].Data, &head) != nil || head.Schema != memorySchema {
		return nil, nil, errors.New("not the trials of a raftbench search: it does not begin with one")
	}
	if head.Version != memoryVersion {
		return nil, nil, fmt.Errorf("version is %d: this raftbench reads %d; use the one that wrote it", head.Version, memoryVersion)
	}
	var known []remembered
	for _, r := range records[1:] {
		var k remembered
		if r.Kind != recordTrial {
			return nil, nil, fmt.Errorf("line %d: record is %q, want %q", r.Line, r.Kind, recordTrial)
		}
		if err := json.Unmarshal(r.Data, &k); err != nil {
			return nil, nil, fmt.Errorf("line %d: damaged: %w", r.Line, err)
		}
		if k.Values == nil {
			return nil, nil, fmt.Errorf("line %d: a trial has no values", r.Line)
		}
		known = append(known, k)
	}
	return head.Facts, known, nil
}
