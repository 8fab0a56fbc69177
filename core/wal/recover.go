package wal

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/transports/wire"
)

// recovery reads a directory and judges it. It changes nothing.
type recovery struct {
	fs  fileSystem
	dir string
	id  Identity
	listing

	replay
	mark      mark
	markWhole bool // both slots are as they were written

	segments []segment // sound, but for what follows end in the last one
	tail     tail
	lastAt   int64 // where the last sound frame begins in the last segment; zero: it has none
	end      int64 // of the last sound frame, in the last segment
	bytes    int64 // size of the last segment

	// unexplained is why the frames of the last segment end before it does, if not
	// with empty sectors.
	unexplained error
	cut         int64 // bytes after end that were never acknowledged

	snapshot core.SnapshotMeta
	emptied  bool // the log rests on the snapshot, and its records do not say so yet

	damage   *DamageError // the first that was found
	stopped  bool         // what comes after it in the segments was not replayed
	unusable bool         // the log cannot be begun with, and counts as empty
	through  core.Index   // no entry beyond was acknowledged
}

// recoverDir reads a directory. An error is one of the file system, or matches
// ErrForeign; damage is in the result.
func recoverDir(fs fileSystem, dir string, id Identity) (*recovery, error) {
	r := &recovery{fs: fs, dir: dir, id: id, tail: tail{frame: 1}}
	var err error
	if r.listing, err = list(fs, dir); err != nil || r.isNew() {
		return r, err
	}
	for _, step := range []func() error{r.readMark, r.readSnapshot, r.readSegments} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("wal: %s: %w", dir, err)
		}
	}
	r.finish()
	return r, nil
}

// damaged notes where the damage begins.
func (r *recovery) damaged(name string, offset int64, reason error) {
	if r.damage == nil {
		r.damage = &DamageError{Path: filepath.Join(r.dir, name), Offset: offset, Reason: reason}
	}
}

// stop notes where the damage begins beyond which the segments say nothing.
func (r *recovery) stop(name string, offset int64, reason error, unread []byte) {
	r.damaged(name, offset, reason)
	r.stopped = true
	r.skip(unread)
}

// skip notes that what data holds was not replayed: so many entries at most.
func (r *recovery) skip(data []byte) {
	entryBytes := wire.SizeEntries(make([]core.Entry, 1)) - wire.SizeEntries(nil)
	r.through = max(r.through, r.log.LastIndex()) + core.Index(lastDirty(data))/core.Index(entryBytes)
}

// checkIdentity refuses a file of another node or cluster.
func (r *recovery) checkIdentity(name string, id Identity) error {
	if id != r.id {
		return fmt.Errorf("%s: %w: it belongs to %v, and this is %v", name, ErrForeign, id, r.id)
	}
	return nil
}

func (r *recovery) readMark() error {
	if !r.hasMark {
		r.damaged(markName, 0, errors.New("the file is missing"))
		return nil
	}
	f, err := r.fs.Open(filepath.Join(r.dir, markName))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	m, slots, err := readMark(f)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", markName, err)
	case slots.sound == 0 && (slots.damaged > 0 || len(r.listing.segments)+len(r.snapshots) > 0):
		r.damaged(markName, 0, errors.New("it cannot be read"))
	case slots.damaged > 0:
		r.damaged(markName, 0, errors.New("one of its two slots is damaged"))
	}
	if slots.sound > 0 {
		r.mark, r.markWhole = m, slots.damaged == 0 && (slots.empty == 0 || m.generation < markSlots)
		return r.checkIdentity(markName, m.Identity)
	}
	return nil // it was being created
}

// readSnapshot verifies the newest snapshot.
func (r *recovery) readSnapshot() error {
	if len(r.snapshots) == 0 {
		return nil
	}
	newest := r.snapshots[len(r.snapshots)-1]
	s, err := openSnapshot(r.fs, filepath.Join(r.dir, snapshotName(newest)))
	verified := newest
	if err == nil {
		defer func() { _ = s.Close() }() // it was only read
		if err := r.checkIdentity(snapshotName(newest), s.manifest.Identity); err != nil {
			return err
		}
		buf := make([]byte, 1+min(s.manifest.SizeBytes, snapshotBufferBytes))
		_, err = io.CopyBuffer(io.Discard, onlyReader{s}, buf)
		verified = s.manifest.Meta
		if err == nil && snapshotName(verified) != snapshotName(newest) {
			err = fmt.Errorf("%w: it is the %v by its name, and the %v by its manifest", errSnapshot, newest, verified)
		}
	}
	switch {
	case errors.Is(err, errSnapshot):
		r.damaged(snapshotName(newest), 0, err)
		r.through = newest.Index
		return nil
	case err != nil:
		return err
	}
	r.snapshot = verified
	return nil
}

// onlyReader hides that io.Discard could read by itself, in small pieces.
type onlyReader struct{ io.Reader }

func (r *recovery) readSegments() error {
	var buf []byte
	for i, n := range r.listing.segments {
		if i > 0 && n != r.listing.segments[i-1]+1 {
			r.stop(segmentName(n-1), 0, errors.New("the segment is missing"), nil)
		}
		data, err := readSegment(r.fs, filepath.Join(r.dir, segmentName(n)), buf)
		if err != nil {
			return err
		}
		buf = data[:0]
		if r.stopped {
			r.skip(data)
		} else if err := r.segment(n, data); err != nil {
			return err
		}
	}
	if last := r.listing.segments; r.mark.segment > 0 && (len(last) == 0 || r.mark.segment > last[len(last)-1]) {
		r.damaged(segmentName(r.mark.segment), 0, errors.New("the segment is missing"))
	}
	return nil
}

// segment replays a segment.
func (r *recovery) segment(n uint64, data []byte) error {
	h, seed, err := decodeHeader(data[:min(len(data), sectorBytes)])
	if err == nil && h.Identity != r.id {
		return r.checkIdentity(segmentName(n), h.Identity)
	}
	switch {
	case errors.Is(err, ErrForeign):
		return fmt.Errorf("%s: %w", segmentName(n), err)
	case err == nil && h.number != n:
		err = fmt.Errorf("it is segment %d by its name and %d by its header", n, h.number)
	case err == nil && h.bytes != uint64(len(data)):
		err = fmt.Errorf("it has %d bytes of %d", len(data), h.bytes)
	case err == nil && len(r.segments) > 0 && h.tail != r.tail:
		err = fmt.Errorf("it begins with frame %d, and the segment before ends before frame %d", h.tail.frame, r.tail.frame)
	}
	if err != nil {
		if r.unexplained != nil {
			r.damaged(segmentName(n-1), r.end, r.unexplained)
		}
		r.stop(segmentName(n), 0, err, data)
		return nil
	}
	if len(r.segments) == 0 {
		r.tail = h.tail
		if n > 1 {
			r.begin(h.last)
		}
	}
	r.frames(n, data, seed)
	return nil
}

// frames replays the frames of a segment. That they end with something unexplained is
// damage, unless the next segment proves that nothing is missing, or it is what a crash
// leaves.
func (r *recovery) frames(n uint64, data []byte, seed uint32) {
	r.highest, r.unexplained, r.lastAt = 0, nil, 0
	at := sectorBytes
	for at < len(data) && !isEmpty(data[at:at+sectorBytes]) {
		before := r.tail
		records, size, err := readFrame(data[at:], seed, &r.tail)
		if err == nil {
			err = r.frame(records)
		}
		if err != nil {
			r.tail, r.unexplained = before, err
			break
		}
		r.lastAt = int64(at)
		at += size
	}
	r.end, r.bytes = int64(at), int64(len(data))
	r.segments = append(r.segments, segment{path: filepath.Join(r.dir, segmentName(n)), number: n, seed: seed, highest: r.highest})
	if n == r.listing.segments[len(r.listing.segments)-1] {
		r.judgeTail(n, data[at:], seed)
	}
}

// finish draws the conclusions.
func (r *recovery) finish() {
	if m := r.mark; m.term > r.state.Term || m.term == r.state.Term && r.state.Vote == 0 {
		r.state.Term, r.state.Vote = m.term, m.vote // of two witnesses, the one who knows more
	}
	if r.mark.closed && r.markWhole {
		r.through = r.mark.last // it is known, and need not be estimated
	}
	r.through = max(r.through, r.mark.last, r.log.LastIndex(), r.snapshot.Index)
	var err error
	if r.emptied, err = r.rest(r.snapshot); err != nil {
		r.damaged("", 0, err)
		r.unusable, r.log = true, memlog.Runs{}
		r.log.Rest(r.snapshot)
	}
	r.state.Commit = min(r.state.Commit, r.log.LastIndex())
	if r.damage == nil && r.doubt != (core.Doubt{}) && (r.doubt.Amnesia() || !r.doubt.Newborn()) {
		r.damage = &DamageError{Path: r.dir, Reason: errors.New("it was damaged at an earlier time"), Doubt: r.doubt}
		return
	}
	if r.damage != nil {
		r.damage.Doubt = r.lost()
	}
}

// lost is the doubt that damage leaves.
func (r *recovery) lost() core.Doubt {
	if r.doubt.Newborn() || !r.markWhole {
		// The last frame, of which only the mark knows, may have had a term and a vote.
		return core.AmnesiaDoubt(r.log.LastIndex(), r.state.Term)
	}
	return core.Doubt{Sound: r.log.LastIndex(), Through: max(r.through, r.doubt.Through), Term: r.state.Term}
}
