package calibration

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/atomicfile"
)

// PathVariable names the environment variable that says where calibrations are kept.
const PathVariable = "RAFTBENCH_CALIBRATION"

// Path is the file with the calibrations of all machines that share it: what PathVariable
// says, otherwise raftbench/calibration.json in the user's cache. A cache may be
// deleted: a calibration is measured again in a minute.
func Path() (string, error) {
	if path := os.Getenv(PathVariable); path != "" {
		return path, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for calibrations: %w; set %s", err, PathVariable)
	}
	return filepath.Join(dir, "raftbench", "calibration.json"), nil
}

const (
	schema  = "raftbench/calibration"
	version = 1

	maxFileBytes = 16 << 20
	// maxMachines bounds the file where a home is shared; the oldest go.
	maxMachines = 100
)

// file is the form of the file.
type file struct {
	Schema   string                `json:"schema"`
	Version  int                   `json:"version"`
	Machines []reports.Calibration `json:"machines"` // the last measured last
}

// Load returns the calibration of a machine (reports.Run.Machine) for arms that take turns
// in slices, or for arms that do not; nil if there is none. The error says in a line
// what is wrong with the file.
func Load(machine string, sliced bool) (*reports.Calibration, error) {
	path, err := Path()
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // where nothing can be kept, nothing is
	}
	f, err := read(path)
	if err != nil {
		return nil, err
	}
	for i := range f.Machines {
		if c := &f.Machines[i]; c.Machine == machine && sliced == (c.Slice > 0) {
			return c, nil
		}
	}
	return nil, nil //nolint:nilnil // not calibrated, and nothing is wrong
}

// Save keeps a calibration in place of an earlier one of the same machine and kind, and
// returns where. The file is replaced whole or not at all; of two that save at the
// same time the later one wins.
func Save(c *reports.Calibration) (string, error) {
	path, err := Path()
	if err != nil {
		return "", err
	}
	f, err := read(path)
	if err != nil {
		return "", err
	}
	f.put(c)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("keep calibration: %w", err)
	}
	err = atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(f)
	})
	return path, err
}

// put replaces a machine's calibration, and lets the oldest of too many go.
func (f *file) put(c *reports.Calibration) {
	f.Machines = slices.DeleteFunc(f.Machines, func(other reports.Calibration) bool {
		return other.Machine == c.Machine && (other.Slice > 0) == (c.Slice > 0)
	})
	f.Machines = append(f.Machines, *c)
	f.Machines = f.Machines[max(0, len(f.Machines)-maxMachines):]
}

// read returns the file's content, or that of an empty one if there is none.
func read(path string) (*file, error) {
	f := &file{Schema: schema, Version: version}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return f, nil
	case err != nil:
		return nil, fmt.Errorf("read calibration: %w", err)
	case !info.Mode().IsRegular() || info.Size() > maxFileBytes:
		return nil, fmt.Errorf("read calibration %s: want a file of at most %d bytes", path, maxFileBytes)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read calibration: %w", err)
	}
	if f, err = decode(data); err != nil {
		return nil, fmt.Errorf("read calibration %s: %w; remove it and calibrate again", path, err)
	}
	return f, nil
}

func decode(data []byte) (*file, error) {
	f := new(file)
	if err := json.Unmarshal(data, f); err != nil {
		return nil, fmt.Errorf("damaged: %w", err)
	}
	if f.Schema != schema || f.Version != version {
		return nil, fmt.Errorf("schema is %q version %d: want %q version %d", f.Schema, f.Version, schema, version)
	}
	for i := range f.Machines {
		if err := validate(&f.Machines[i]); err != nil {
			return nil, fmt.Errorf("damaged: %w", err)
		}
	}
	return f, nil
}

func validate(c *reports.Calibration) error {
	if c.Machine == "" || c.Pairs < 1 {
		return fmt.Errorf("%d pairs of machine %q", c.Pairs, c.Machine)
	}
	for name, v := range c.NoiseFloor {
		if v < 0 {
			return fmt.Errorf("the noise floor of %s is %v", name, v)
		}
	}
	return nil
}
