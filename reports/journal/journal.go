// Package journal is a file of records that only grows, each with a checksum: what
// was appended is there after a crash at any instant, except that the last record
// may be torn, which a reader recognises. It knows nothing of what the records say.
//
// A record is a line of JSON:
//
//	{"crc32c":"1c291ca3","kind":"replicate","data":{...}}
//
// The checksum is CRC-32C of everything after `"crc32c":"1c291ca3",` up to the end of the line.
//
// Append returns when the record is durable. A record may be appended as passing:
// the next passing one takes its place, and once such records make up most of the
// file, it is replaced by one without them. So a journal that somebody adds to for
// a day does not fill the disk with what nobody will read.
//
// It starts no goroutine.
package journal

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/raftbench/raftbench/reports/atomicfile"
	"github.com/raftbench/raftbench/reports/disk"
)

// The line around a record's kind and data.
const (
	beforeSum  = `{"crc32c":"`
	afterSum   = `",`
	beforeKind = `"kind":"`
	beforeData = `","data":`
	afterData  = `}`

	sumDigits = 8
	// headBytes is where the part of a line begins that the checksum is of.
	headBytes = len(beforeSum) + sumDigits + len(afterSum)
)

// maxSuperseded is how many bytes of superseded records a journal may have before it is
// written anew, if that is more than it keeps. A partial replicate takes some 20
// KiB every five seconds: a journal is written anew once in an hour at most.
const maxSuperseded = 16 << 20

// Writer appends to a journal. It has one user at a time.
type Writer struct {
	fs   disk.FS
	path string

	file disk.File
	name string // that file was created under
	size int64  // of the whole records

	kept          []extent // records that nothing supersedes
	keptBytes     int64
	maxSuperseded int64

	// Invariant: once broken is set, nothing is written any more: what follows a
	// torn record could not be read.
	broken error
}

// extent is a stretch of the file.
type extent struct{ from, to int64 }

// Create makes the journal with its first record. The file is at path only when
// that record is durable; what was there is replaced.
func Create(fs disk.FS, path, kind string, data []byte) (*Writer, error) {
	w := &Writer{fs: fs, path: path, maxSuperseded: maxSuperseded}
	if err := w.renew(Encode(kind, data)); err != nil {
		if w.file != nil { // it is there, and may not stay
			_, _ = w.file.Close(), fs.Remove(path)
		}
		return nil, w.explain(err)
	}
	w.keep(w.size)
	return w, nil
}

// Append adds a record. If it fails, the records before are as they were.
func (w *Writer) Append(kind string, data []byte) error {
	line := Encode(kind, data)
	if err := w.append(line); err != nil {
		return w.explain(err)
	}
	w.keep(int64(len(line)))
	return nil
}

// AppendPassing adds a record that supersedes the passing one before.
func (w *Writer) AppendPassing(kind string, data []byte) error {
	line := Encode(kind, data)
	if w.size-w.keptBytes > max(w.maxSuperseded, w.keptBytes) && w.broken == nil {
		err := w.renew(line)
		if err == nil {
			return nil
		}
		// There may be no room for two. Going on as before needs less.
		w.maxSuperseded *= 2
	}
	return w.explain(w.append(line))
}

// Close leaves the journal as it is.
func (w *Writer) Close() error { return w.explain(w.file.Close()) }

// Remove closes and removes the journal: what it kept is kept elsewhere.
func (w *Writer) Remove() error {
	return w.explain(errors.Join(w.file.Close(), w.fs.Remove(w.path)))
}

func (w *Writer) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write %s: %w", w.path, disk.Cause(err, w.name))
}

// keep notes that the last n bytes are of a record that stays.
func (w *Writer) keep(n int64) {
	from := w.size - n
	w.keptBytes += n
	if last := len(w.kept) - 1; last >= 0 && w.kept[last].to == from {
		w.kept[last].to = w.size
		return
	}
	w.kept = append(w.kept, extent{from, w.size})
}

// append writes a line, durably. Where that fails, what it left is cut off.
func (w *Writer) append(line []byte) error {
	if w.broken != nil {
		return w.broken
	}
	if _, err := w.file.Write(line); err != nil {
		if w.file.Truncate(w.size) != nil {
			w.broken = err
		}
		return err
	}
	w.size += int64(len(line))
	if err := w.file.Sync(); err != nil {
		w.broken = err // the kernel may have dropped what it could not write
		return err
	}
	return nil
}

// renew replaces the file by one with what is kept and one line more.
func (w *Writer) renew(line []byte) error {
	name := atomicfile.Temporary(w.path)
	f, err := w.fs.Create(name)
	if err != nil {
		return disk.Cause(err, name)
	}
	err = w.fill(f, line)
	if err == nil {
		err = w.fs.Rename(name, w.path)
	}
	if err != nil {
		_, _ = f.Close(), w.fs.Remove(name) // the error before is what there is to say
		return disk.Cause(err, name)
	}
	if w.file != nil {
		_ = w.file.Close() // nobody will read that one
	}
	w.file, w.name, w.size, w.kept = f, name, w.keptBytes+int64(len(line)), nil
	if w.keptBytes > 0 {
		w.kept = []extent{{0, w.keptBytes}}
	}
	return w.fs.SyncDir(filepath.Dir(w.path))
}

// fill writes what is kept, and line, to f, durably.
func (w *Writer) fill(f disk.File, line []byte) error {
	// Without a lock a reader takes the process for dead, and says so; it reads the
	// same.
	_ = f.Lock()
	if len(w.kept) > 0 {
		if err := w.copyKept(f); err != nil {
			return err
		}
	}
	if _, err := f.Write(line); err != nil {
		return err
	}
	return f.Sync()
}

func (w *Writer) copyKept(to io.Writer) error {
	from, err := os.Open(w.path)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	for _, e := range w.kept {
		if _, err := io.Copy(to, io.NewSectionReader(from, e.from, e.to-e.from)); err != nil {
			return err
		}
	}
	return nil
}

// Encode makes the line of a record. Data is JSON without line breaks.
func Encode(kind string, data []byte) []byte {
	var b bytes.Buffer
	b.Grow(headBytes + len(beforeKind) + len(kind) + len(beforeData) + len(data) + len(afterData) + 1)
	b.WriteString(beforeSum + "00000000" + afterSum)
	b.WriteString(beforeKind + kind + beforeData)
	b.Write(data)
	b.WriteString(afterData)
	line := b.Bytes()
	copy(line[len(beforeSum):], checksum(line[headBytes:]))
	return append(line, '\n')
}

func checksum(b []byte) string {
	return fmt.Sprintf("%0*x", sumDigits, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}
