package wal

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/raftbench/raftbench/core"
)

// Open opens a log, or makes one in a directory that is empty or not there. What was
// written and acknowledged before is there, or the error is a *DamageError. Other
// errors match ErrLocked or ErrForeign, or are the file system's.
func Open(o Options) (*Log, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	if err := makeDir(o.fs, o.Dir); err != nil {
		return nil, fmt.Errorf("wal: %w", err)
	}
	lock, err := lockDir(o.fs, o.Dir)
	if err != nil {
		return nil, err
	}
	l := &Log{options: o, lock: lock, writer: newWriter(o)}
	if err := l.open(); err != nil {
		return nil, errors.Join(err, l.writer.abandon(), lock.Close())
	}
	l.writer.work.Go(l.writer.run)
	return l, nil
}

func newWriter(o Options) *writer {
	w := &writer{options: o, allocated: make(chan allocated, 1)}
	w.queue.limit = o.maxQueue
	w.more.L, w.less.L = &w.mu, &w.mu
	return w
}

// abandon closes what is open when a log cannot be opened.
func (w *writer) abandon() error {
	var errs []error
	for _, f := range []file{w.file, w.marks} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

func (l *Log) open() error {
	o := &l.options
	r, err := recoverDir(o.fs, o.Dir, o.Identity)
	switch {
	case err != nil:
		return err
	case r.damage != nil && !o.Quarantine:
		return r.damage
	case r.isNew():
		err = r.checkNew(o.Dir)
	}
	if err == nil {
		err = r.secure()
	}
	if err == nil {
		err = r.tidy()
	}
	if err == nil {
		err = l.writer.begin(r)
	}
	if err == nil {
		err = r.setAsideSnapshots()
	}
	if err != nil {
		return fmt.Errorf("wal: open %s: %w", o.Dir, err)
	}
	l.live, l.hard, l.snapshot = r.log, r.state, r.snapshot
	l.recovery = Recovery{CutBytes: r.cut, Damage: r.damage}
	switch {
	case r.damage != nil:
		l.recovery.Verdict = Quarantined
	case r.cut > 0:
		l.recovery.Verdict = Cut
	}
	if doubt := r.inDoubt(); doubt != (core.Doubt{}) {
		l.doubt = &doubt
	}
	return nil
}

// inDoubt is what the log begins in doubt about. One that has no frame yet is new.
func (r *recovery) inDoubt() core.Doubt {
	switch {
	case r.damage != nil:
		return r.damage.Doubt
	case r.tail.frame == 1:
		return core.NewbornDoubt()
	}
	return r.doubt
}

// secure makes durable what the log ends with, if the mark does not say that it is: the
// process before may have died between write and sync, or its sync may have failed, and
// then the system takes for clean what the disk does not have. So the last frame is
// written again, as it is: nobody was told of it, and nobody is before this is done.
func (r *recovery) secure() error {
	if len(r.segments) == 0 || r.lastAt == 0 || r.mark.frame >= r.tail.frame-1 {
		return nil
	}
	f, err := r.fs.Open(r.segments[len(r.segments)-1].path)
	if err != nil {
		return err
	}
	frame := make([]byte, r.end-r.lastAt)
	if _, err = f.ReadAt(frame, r.lastAt); err == nil {
		_, err = f.WriteAt(frame, r.lastAt)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// tidy removes what a crash has left over, and gives the segments that cannot be used
// another name, the last one first: a crash in between leaves a log that is as damaged as
// it was.
func (r *recovery) tidy() error {
	if err := r.removeTemps(r.fs, r.dir); err != nil {
		return err
	}
	for _, s := range r.snapshots {
		if s.Index < r.snapshot.Index {
			if err := r.fs.Remove(filepath.Join(r.dir, snapshotName(s))); err != nil {
				return err
			}
		}
	}
	if r.unusable {
		r.segments = nil
	}
	for _, n := range slices.Backward(r.listing.segments[len(r.segments):]) {
		if err := r.setAside(segmentName(n)); err != nil {
			return err
		}
	}
	return r.fs.SyncDir(r.dir)
}

// setAsideSnapshots gives snapshots that are damaged another name, when the doubt is
// durable: until then they are the evidence for it.
func (r *recovery) setAsideSnapshots() error {
	for _, s := range r.snapshots {
		if snapshotName(s) != snapshotName(r.snapshot) && s.Index >= r.snapshot.Index {
			if err := r.setAside(snapshotName(s)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *recovery) setAside(name string) error {
	path := filepath.Join(r.dir, name)
	return r.fs.Rename(path, path+damagedSuffix)
}

// begin makes the writer go on where the recovered log ends.
func (w *writer) begin(r *recovery) error {
	w.state, w.base, w.last = r.state, r.log.Base(), r.log.LastIndex()
	w.segments, w.tail, w.mark = r.segments, r.tail, r.mark
	w.mark.Identity, w.mark.closed = w.options.Identity, false
	w.doubt = r.inDoubt()
	if err := w.openMark(r); err != nil {
		return err
	}
	if n := len(r.segments); n > 0 && r.cut == 0 && r.damage == nil && !r.emptied {
		return w.goOn(r)
	}
	return w.beginAnew(r)
}

// openMark opens the mark, or makes that of a new log. One that was lost is made by the
// first saveMark: until the doubt is durable, its absence is the evidence for it. One that
// a process began to make and nothing else is made to the end: a segment with a mark that
// says nothing is damage.
func (w *writer) openMark(r *recovery) error {
	fs, dir := w.options.fs, w.options.Dir
	var err error
	if r.isNew() {
		w.marks, err = createMark(fs, dir, &w.mark)
	} else if r.hasMark {
		if w.marks, err = fs.Open(filepath.Join(dir, markName)); err == nil && r.onlyMark() && r.damage == nil {
			err = establishMark(fs, dir, w.marks, &w.mark)
		}
	}
	return err
}

// goOn continues in the last segment.
func (w *writer) goOn(r *recovery) error {
	var err error
	if w.file, err = w.options.fs.Open(w.segment().path); err != nil {
		return err
	}
	w.at, w.bytes = r.end, r.bytes
	w.synced.closed = true // whatever the mark says on the disk: it is synced
	return w.saveMark()
}

// beginAnew continues in a new segment: the first; or, behind a tail that was cut or
// is damaged, one whose header says that this is where the log goes on; the tail stays
// where it is. The first frame repeats what the log says.
func (w *writer) beginAnew(r *recovery) error {
	if n := len(r.segments); n > 0 {
		w.mark.segment = r.segments[n-1].number
	} else if n := len(r.listing.segments); n > 0 {
		w.mark.segment = max(w.mark.segment, r.listing.segments[n-1])
		w.tail.frame = max(w.tail.frame, w.mark.frame+1)
	}
	if err := w.beginSegment(w.options.SegmentBytes); err != nil {
		return err
	}
	w.synced.closed = true
	return w.commit(nil)
}
