package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/raftbench/raftbench/reports/atomicfile"
	"github.com/raftbench/raftbench/reports/disk"
	"github.com/raftbench/raftbench/reports/journal"
)

// JournalName is the name of a run's journal within its result directory. It is
// there from before the first replicate until FileName is, and longer only if
// FileName could not be written.
const JournalName = "journal.jsonl"

// The kinds of records in a journal.
const (
	recordRun       = "run"       // the run without replicates, as in FileName; the first record and no other
	recordReplicate = "replicate" // Measured
	recordPartial   = "partial"   // []Measured, until the next of its kind or the whole replicates
	recordEnd       = "end"       // end; the last one counts
)

// Measured is a replicate and where it belongs.
type Measured struct {
	Arm       int        `json:"arm"` // index of Run.Arms
	InProcess bool       `json:"in_process"`
	Replicate *Replicate `json:"replicate"`
}

// end is how a run ended.
type end struct {
	Status   Status    `json:"status"`
	Finished time.Time `json:"finished"`
	Warnings []string  `json:"warnings,omitempty"` // besides those that the run began with
}

// Keeper keeps a run in its result directory while it is measured. What a method
// was given is durable when it returns: it survives the process, and a loss of power.
//
// A replicate costs one write of its own size, however many there are already.
// Methods may be called concurrently.
type Keeper struct {
	fs  disk.FS
	dir string

	mu      sync.Mutex
	journal *journal.Writer
	encoded map[*Replicate]json.RawMessage // of the last Partial
}

// NewKeeper keeps a run in dir, which must exist. Nothing is written before Begin.
func NewKeeper(fs disk.FS, dir string) *Keeper { return &Keeper{fs: fs, dir: dir} }

// Begin keeps what is known of the run before anything is measured.
func (k *Keeper) Begin(r *Run) error {
	begun := *r
	begun.Arms = append([]Arm(nil), r.Arms...)
	for i := range begun.Arms {
		begun.Arms[i].Replicates = nil
	}
	if err := begun.Validate(); err != nil {
		return fmt.Errorf("this run cannot be stored: %w", err)
	}
	data, err := json.Marshal(document{header{Schema, SchemaVersion}, begun})
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.journal, err = journal.Create(k.fs, filepath.Join(k.dir, JournalName), recordRun, data)
	return err
}

// Partial keeps what the replicates under way have so far, in place of what they had
// before. A replicate that was in the last list as well must not have changed.
func (k *Keeper) Partial(list []Measured) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	encoded := map[*Replicate]json.RawMessage{}
	var all []json.RawMessage
	for _, m := range list {
		data, known := k.encoded[m.Replicate]
		if !known {
			var err error
			if data, err = json.Marshal(m); err != nil {
				return err
			}
		}
		encoded[m.Replicate] = data
		all = append(all, data)
	}
	k.encoded = encoded
	data, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return k.journal.AppendPassing(recordPartial, data)
}

// Replicate keeps a replicate that has ended.
func (k *Keeper) Replicate(m Measured) error {
	return k.write(m, func(w *journal.Writer, data []byte) error { return w.Append(recordReplicate, data) })
}

// End keeps how the run ended, or is about to. The last call counts.
func (k *Keeper) End(s Status, at time.Time, warnings ...string) error {
	return k.write(end{s, at, warnings}, func(w *journal.Writer, data []byte) error { return w.Append(recordEnd, data) })
}

func (k *Keeper) write(record any, with func(*journal.Writer, []byte) error) error {
	data, err := json.Marshal(record)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return with(k.journal, data)
}

// Finish stores the run as FileName and removes the journal. If it fails the
// journal is left, for Read to find. It is the last call.
func (k *Keeper) Finish(r *Run) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := WriteOn(k.fs, k.dir, r); err != nil {
		if k.journal != nil {
			_ = k.journal.Close() // every record is durable
		}
		return err
	}
	if k.journal != nil {
		_ = k.journal.Remove() // Read prefers the file that has just been written
	}
	return nil
}

// Write stores the run as FileName in dir, so that a crash at any instant
// leaves the old file or the new one whole.
func Write(dir string, r *Run) error { return WriteOn(disk.OS(), dir, r) }

// WriteOn is Write on a disk of the caller's.
func WriteOn(fs disk.FS, dir string, r *Run) error {
	return atomicfile.WriteOn(fs, filepath.Join(dir, FileName), func(w io.Writer) error { return Encode(w, r) })
}
