package reports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/raftbench/raftbench/reports/disk"
	"github.com/raftbench/raftbench/reports/journal"
)

// maxFileBytes bounds what Read takes in. A replicate takes some 10 to 60 KiB, so the
// largest plan, 10,000 of them, stays below 1 GiB.
const maxFileBytes = int64(4 << 30)

// Read reads a run from a result directory, or from one of the two files that
// hold one. A directory whose run has not ended well has a journal: the run is then
// StatusRunning or StatusKilled, unless it had come to its end, and
// what the replicate under way had measured is its arm's last replicate,
// marked Partial. The error is one line and names the file.
func Read(path string) (*Run, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read result: %w", err)
	case info.IsDir():
		return readDir(path)
	case filepath.Base(path) == JournalName:
		return readJournal(path)
	default:
		return readFile(path)
	}
}

// readDir prefers the file that is written at the end.
func readDir(dir string) (*Run, error) {
	file, kept := filepath.Join(dir, FileName), filepath.Join(dir, JournalName)
	run, err := readFile(file)
	switch {
	case err == nil && (run.Status == StatusComplete || run.Status == StatusInterrupted):
		return run, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	journaled, journalErr := readJournal(kept)
	switch {
	case journalErr == nil:
		return journaled, nil
	case !errors.Is(journalErr, fs.ErrNotExist):
		return nil, journalErr
	case err == nil:
		return run, nil
	}
	// The run may have ended between the two looks.
	if run, err = readFile(file); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: want a directory that raftbench run -o wrote", err)
	}
	return run, err
}

func readFile(path string) (*Run, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	defer func() { _ = f.Close() }()
	return readWith(f, Decode)
}

func readWith(f *os.File, decode func([]byte) (*Run, error)) (*Run, error) {
	data, err := content(f)
	if err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	r, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("read result %s: %w", f.Name(), err)
	}
	return r, nil
}

func content(f *os.File) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err == nil && int64(len(data)) > maxFileBytes {
		err = fmt.Errorf("%s: more than %d bytes", f.Name(), maxFileBytes)
	}
	return data, err
}

// readJournal reads a journal, whether its process is still there or not.
func readJournal(path string) (*Run, error) {
	f, alive, err := openJournal(path)
	if err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	defer func() { _ = f.Close() }()
	r, err := readWith(f, decodeJournal)
	if err == nil && r.Status == StatusKilled && alive {
		r.Status = StatusRunning
	}
	return r, err
}

// openJournal opens a journal and says whether the process that writes it lives.
func openJournal(path string) (f *os.File, alive bool, err error) {
	for range 3 { // it is seldom written anew
		if f, err = os.Open(path); err != nil {
			return nil, false, err
		}
		if disk.Locked(f) || current(f, path) {
			break
		}
		// It was replaced by a new one, and with it went the lock.
	}
	return f, disk.Locked(f), nil
}

// current reports whether path is still the file that f was opened on.
func current(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return true
	}
	now, err := os.Stat(path)
	return err != nil || os.SameFile(opened, now)
}

// decodeJournal makes a run of a journal. Its status is StatusKilled if the
// journal does not say how it ended.
func decodeJournal(text []byte) (*Run, error) {
	records, torn, err := journal.Parse(text)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 || records[0].Kind != recordRun {
		return nil, errors.New("not the journal of a raftbench run: it does not begin with one")
	}
	r, err := Decode(records[0].Data)
	if err != nil {
		return nil, fmt.Errorf("line 1: %w", err)
	}
	r.Status = StatusKilled
	d := journaled{run: r}
	for _, record := range records[1:] {
		if err := d.add(record); err != nil {
			return nil, fmt.Errorf("line %d: %w", record.Line, err)
		}
	}
	if err := d.addPartial(); err != nil {
		return nil, err
	}
	r.Warnings = append(r.Warnings, d.end.Warnings...)
	if torn > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("the last %d bytes of the journal were being written and are left out", torn))
	}
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("damaged: %w", err)
	}
	return r, nil
}

// journaled is a run that is put together from its records.
type journaled struct {
	run     *Run
	partial *journal.Record
	end     end
}

func (d *journaled) add(record journal.Record) error {
	switch record.Kind {
	case recordPartial:
		d.partial = &record
		return nil
	case recordReplicate:
		return d.addReplicate(record.Data)
	case recordEnd:
		if err := json.Unmarshal(record.Data, &d.end); err != nil {
			return fmt.Errorf("damaged: %w", err)
		}
		d.run.Status, d.run.Finished = d.end.Status, d.end.Finished
		return nil
	default:
		return fmt.Errorf("record is %q: this raftbench knows %s, %s and %s; use the one that wrote it, or a newer one",
			record.Kind, recordReplicate, recordPartial, recordEnd)
	}
}

// addPartial adds what was under way when the process died, and is not there whole.
func (d *journaled) addPartial() error {
	if d.partial == nil {
		return nil
	}
	var list []Measured
	if err := json.Unmarshal(d.partial.Data, &list); err != nil {
		return fmt.Errorf("line %d: damaged: %w", d.partial.Line, err)
	}
	for _, m := range list {
		arm, err := d.arm(m)
		if err != nil {
			return fmt.Errorf("line %d: %w", d.partial.Line, err)
		}
		if m.Replicate.Index <= len(arm.Replicates) {
			continue
		}
		m.Replicate.cut()
		arm.Replicates = append(arm.Replicates, *m.Replicate)
	}
	return nil
}

func (d *journaled) addReplicate(data []byte) error {
	var m Measured
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("damaged: %w", err)
	}
	arm, err := d.arm(m)
	if err == nil {
		arm.Replicates = append(arm.Replicates, *m.Replicate)
	}
	return err
}

// arm is where a replicate belongs.
func (d *journaled) arm(m Measured) (*Arm, error) {
	if m.Replicate == nil || m.Arm < 0 || m.Arm >= len(d.run.Arms) {
		return nil, fmt.Errorf("a replicate of arm %d of %d", m.Arm+1, len(d.run.Arms))
	}
	arm := &d.run.Arms[m.Arm]
	arm.InProcess = m.InProcess
	return arm, nil
}

// cut marks a replicate that did not come to its end.
func (r *Replicate) cut() {
	r.Partial, r.Valid = true, false
	if len(r.Reasons) == 0 {
		r.Reasons = []string{"the process ended while it was under way"}
	}
}
