package claims

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/atomicfile"
	"github.com/raftbench/raftbench/reports/claimtable"
	"github.com/raftbench/raftbench/reports/disk"
)

// A directory of claims has a folder for each claim that was asked for, which is named
// after it. It holds the claim's results, as raftbench run keeps them, or in their place
// notMeasured with the reason.
const notMeasured = "not-measured.txt"

// maxReason bounds what is read of a reason, in bytes.
const maxReason = 4096

// Folder is the name of a claim's folder.
func (n Numbered) Folder() string { return n.ID }

// WriteUnmeasured notes in a claim's folder, which must exist, why there are no results.
func (n Numbered) WriteUnmeasured(on disk.FS, dir, why string) error {
	return atomicfile.WriteOn(on, filepath.Join(dir, n.Folder(), notMeasured), func(w io.Writer) error {
		_, err := fmt.Fprintln(w, why)
		return err
	})
}

// Load works out the table of the claims that have a folder in dir, from what is stored
// there and nothing else. Missing are the claims that have none.
func Load(dir string, list []Numbered) (t *claimtable.Table, missing []Numbered, err error) {
	t = &claimtable.Table{Claims: []claimtable.Claim{}}
	for _, n := range list {
		run, why, err := n.read(filepath.Join(dir, n.Folder()))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, n)
		case err != nil:
			return nil, nil, fmt.Errorf("claim %s: %w", n.ID, err)
		case run == nil:
			t.Claims = append(t.Claims, n.Unmeasured(why))
		default:
			t.Claims = append(t.Claims, n.Measured(run))
			addRun(t, n, run)
		}
	}
	return t, missing, nil
}

// read returns the results in a folder, or why there are none.
func (n Numbered) read(folder string) (*reports.Run, string, error) {
	if _, err := os.Stat(folder); err != nil {
		return nil, "", err
	}
	f, err := os.Open(filepath.Join(folder, notMeasured))
	if errors.Is(err, fs.ErrNotExist) {
		run, err := reports.Read(folder)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, "not measured: its folder holds no result", nil
		}
		return run, "", err
	}
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxReason))
	return nil, strings.Join(strings.Fields(string(text)), " "), err
}

// addRun notes in the table where and when a claim was measured.
func addRun(t *claimtable.Table, n Numbered, run *reports.Run) {
	if !t.Measured() {
		t.Machine, t.Tool, t.Started, t.Finished = run.Machine(), run.Tool, run.Started, run.Finished
		return
	}
	if other := run.Machine(); other != t.Machine {
		t.Warnings = append(t.Warnings, fmt.Sprintf("claim %s was measured on another machine: %s", n.ID, other))
	}
	if run.Tool.Revision != t.Tool.Revision {
		t.Warnings = append(t.Warnings, fmt.Sprintf("claim %s was measured by another revision: %s", n.ID, run.Tool.Revision))
	}
	if run.Started.Before(t.Started) {
		t.Started = run.Started
	}
	if run.Finished.After(t.Finished) {
		t.Finished = run.Finished
	}
}
