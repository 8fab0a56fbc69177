package wal

import (
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/raftbench/raftbench/core"
)

// writer makes durable what is queued, one frame after the other: one write, one
// sync. Its state is the writer goroutine's, before it starts that of Open.
type writer struct {
	queue
	meters meters

	options  Options
	segments []segment // oldest first; the last is written to
	file     file      // of the last segment
	at       int64     // where the next frame goes in it
	bytes    int64     // its size
	tail     tail

	marks  file
	mark   mark // as in the file
	synced mark // as on the disk

	// What the next segment begins with.
	state core.HardState
	base  core.SnapshotMeta
	doubt core.Doubt
	last  core.Index // of the log

	data, sectors []byte // reused, up to a size

	allocating bool
	allocated  chan allocated // the file of the next segment
	work       sync.WaitGroup
}

type allocated struct {
	file file
	err  error
}

func (w *writer) run() {
	var batch []item
	for {
		var err error
		if batch, err = w.take(batch[:0]); len(batch) == 0 {
			return
		}
		if err == nil {
			if err = w.commit(batch); err != nil {
				err = w.fail(fmt.Errorf("wal: %w", err))
			}
		}
		for i := range batch {
			batch[i].done(err)
		}
		clear(batch)
	}
}

// commit makes a batch durable, and does what had to wait for that.
func (w *writer) commit(batch []item) error {
	compacted := w.encode(batch)
	if err := w.makeRoom(len(w.data) - frameHeadBytes); err != nil {
		return err
	}
	if w.at == sectorBytes {
		w.restate()
	}
	if err := w.writeFrame(len(batch)); err != nil {
		return err
	}
	w.note(batch)
	if err := w.saveMark(); err != nil {
		return err
	}
	if compacted {
		if err := w.deleteSegments(); err != nil {
			return err
		}
	}
	if w.at > w.bytes/2 && !w.options.inline {
		w.allocateNext()
	}
	return nil
}

// encode makes the records of a batch, and reports whether it has a base.
func (w *writer) encode(batch []item) (compacted bool) {
	w.data = append(w.data[:0], make([]byte, frameHeadBytes)...)
	for i := range batch {
		it := &batch[i]
		if it.write.HardState != nil {
			w.data = appendState(w.data, *it.write.HardState)
		}
		if len(it.write.Entries) > 0 {
			w.data = appendEntries(w.data, it.write.Entries)
		}
		if it.base.Index > 0 {
			w.data = appendBase(w.data, it.base)
			compacted = true
		}
		if it.settle {
			w.data = appendDoubt(w.data, core.Doubt{})
		}
	}
	return compacted
}

// restatedBytes is what restate adds.
const restatedBytes = 3*recordHeadBytes + 24 + 16 + 24

// restate puts before the records what the segments before this one say, so that
// they can be deleted.
func (w *writer) restate() {
	data := append(make([]byte, 0, len(w.data)+restatedBytes), make([]byte, frameHeadBytes)...)
	data = appendState(data, w.state)
	data = appendBase(data, w.base)
	data = appendDoubt(data, w.doubt)
	w.data = append(data, w.data[frameHeadBytes:]...)
}

// keepBytes is the size up to which memory is kept for the next frame.
const keepBytes = 8 << 20

func (w *writer) writeFrame(writes int) error {
	w.sectors = appendFrame(w.sectors[:0], w.data, w.segment().seed, &w.tail)
	if _, err := w.file.WriteAt(w.sectors, w.at); err != nil {
		return err
	}
	began := time.Now()
	if err := w.file.Sync(); err != nil {
		return err
	}
	w.meters.frame(len(w.sectors), writes, !w.options.NoSync, time.Since(began))
	if err := w.checkName(); err != nil {
		return err
	}
	w.at += int64(len(w.sectors))
	if cap(w.sectors) > keepBytes {
		w.data, w.sectors = nil, nil
	}
	return nil
}

// ErrRemoved: somebody has removed the log while it was open.
var ErrRemoved = errors.New("removed while the log was open")

// checkName looks whether the next opener will find what was written. The system writes and
// syncs a file that was removed as if nothing had happened.
func (w *writer) checkName() error {
	ok, err := w.file.HasName()
	if err == nil && !ok {
		err = fmt.Errorf("%s: %w", w.segment().path, ErrRemoved)
	}
	return err
}

func (w *writer) segment() *segment { return &w.segments[len(w.segments)-1] }

// note takes note of what has become durable.
func (w *writer) note(batch []item) {
	for i := range batch {
		it := &batch[i]
		if it.write.HardState != nil {
			w.state = *it.write.HardState
		}
		if n := len(it.write.Entries); n > 0 {
			w.last = it.write.Entries[n-1].Index
			w.segment().highest = max(w.segment().highest, w.last)
		}
		if it.base.Index > 0 {
			w.base = it.base
		}
		if it.emptied {
			w.last = it.base.Index
		}
		if it.settle {
			w.doubt = core.Doubt{}
		}
	}
}

// saveMark writes the mark, and syncs it if it says what a loss of power must not
// take back.
func (w *writer) saveMark() error {
	w.mark.frame, w.mark.segment, w.mark.last = w.tail.frame-1, w.segment().number, w.last
	w.mark.term, w.mark.vote = w.state.Term, w.state.Vote
	if w.marks == nil {
		var err error
		w.marks, err = createMark(w.options.fs, w.options.Dir, &w.mark)
		w.synced = w.mark
		return err
	}
	if err := writeMark(w.marks, &w.mark); err != nil {
		return err
	}
	s := &w.synced
	if s.term == w.mark.term && s.vote == w.mark.vote && s.segment == w.mark.segment && s.closed == w.mark.closed {
		return nil
	}
	*s = w.mark
	return w.marks.Sync()
}

// makeRoom begins a new segment if a frame with so many bytes of records, restated
// ones not counted, does not fit into this one.
func (w *writer) makeRoom(records int) error {
	need := int64(frameSectors(records+restatedBytes) * sectorBytes)
	if w.at+need <= w.bytes {
		return nil
	}
	size := w.options.SegmentBytes
	for size < need+sectorBytes {
		size *= 2
	}
	return w.beginSegment(size)
}

// beginSegment begins the next segment, and leaves the one before as it is.
func (w *writer) beginSegment(size int64) error {
	f, err := w.takeAllocated(size)
	if err != nil {
		return err
	}
	h := header{Identity: w.options.Identity, number: w.mark.segment + 1, bytes: uint64(size), tail: w.tail, last: w.last}
	s, err := begin(w.options.fs, w.options.Dir, f, h)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if w.file != nil {
		err = w.file.Close()
	}
	w.segments, w.file, w.at, w.bytes = append(w.segments, s), f, sectorBytes, size
	return err
}

// allocateNext has the next segment's file made.
func (w *writer) allocateNext() {
	if w.allocating {
		return
	}
	w.allocating = true
	w.work.Go(func() {
		f, err := allocate(w.options.fs, w.options.Dir, w.options.SegmentBytes)
		w.allocated <- allocated{f, err}
	})
}

// takeAllocated waits for the file that is being made, or makes one.
func (w *writer) takeAllocated(size int64) (file, error) {
	if w.allocating && size != w.options.SegmentBytes {
		if err := w.dropAllocated(); err != nil {
			return nil, err
		}
	}
	if !w.allocating {
		return allocate(w.options.fs, w.options.Dir, size)
	}
	a := <-w.allocated
	w.allocating = false
	return a.file, a.err
}

// dropAllocated removes the file that is being made.
func (w *writer) dropAllocated() error {
	if !w.allocating {
		return nil
	}
	w.allocating = false
	a := <-w.allocated
	if a.err != nil {
		return a.err
	}
	return errors.Join(a.file.Close(), w.options.fs.Remove(filepath.Join(w.options.Dir, nextName)))
}

// deleteSegments deletes those that hold nothing but compacted entries. The record
// that says so is durable in the segment that stays.
func (w *writer) deleteSegments() error {
	n := 0
	for n < len(w.segments)-1 && w.segments[n].highest <= w.base.Index {
		if err := w.options.fs.Remove(w.segments[n].path); err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		return nil
	}
	w.segments = append([]segment(nil), w.segments[n:]...)
	return w.options.fs.SyncDir(w.options.Dir)
}

// close makes durable what is queued, and that nothing follows it.
func (w *writer) close() error {
	w.end()
	w.work.Wait()
	errs := []error{w.dropAllocated()}
	if w.err == nil && errs[0] == nil {
		w.mark.closed = true
		errs = append(errs, w.saveMark())
	}
	return errors.Join(append(errs, w.file.Close(), w.marks.Close())...)
}
