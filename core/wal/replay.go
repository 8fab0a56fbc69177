package wal

import (
	"fmt"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/memlog"
)

// replay is a log as its records make it, one after the other.
type replay struct {
	log   memlog.Runs
	state core.HardState
	doubt core.Doubt // zero: none

	// headless: the segments before the first one have been deleted, and the record
	// that says up to where the log was compacted then has not come yet. The log begins
	// where they ended, or where entries replace some that were in them.
	headless bool

	highest core.Index // of an entry, since it was last reset
}

// begin begins with a segment that is not the first that there was.
func (r *replay) begin(last core.Index) {
	r.log, r.headless = memlog.Runs{}, true
	r.log.Rest(core.SnapshotMeta{Index: last})
}

// frame applies the records of one frame.
func (r *replay) frame(records []byte) error {
	for len(records) > 0 {
		rec, rest, err := nextRecord(records)
		if err != nil {
			return err
		}
		if err := r.apply(&rec); err != nil {
			return err
		}
		records = rest
	}
	return nil
}

func (r *replay) apply(rec *record) error {
	switch rec.kind {
	case recordState:
		r.state = rec.state
	case recordDoubt:
		r.doubt = rec.doubt
	case recordBase:
		return r.compact(rec.base)
	case recordEntries:
		return r.entries(rec.entries)
	}
	return nil
}

func (r *replay) compact(base core.SnapshotMeta) error {
	if base.Index < r.log.Base().Index {
		return nil // of before the deleted segments ended
	}
	r.headless = r.headless && base.Index == 0
	if r.log.Rest(base) {
		return nil
	}
	return r.log.Compact(base.Index)
}

func (r *replay) entries(list []core.Entry) error {
	first, last := list[0].Index, list[len(list)-1].Index
	if r.headless && first < r.log.FirstIndex() {
		r.begin(first - 1)
	}
	r.highest = max(r.highest, last)
	return r.log.Replace(list)
}

// rest puts the log on the newest snapshot, as SaveSnapshot did or was about to do.
func (r *replay) rest(s core.SnapshotMeta) (emptied bool, err error) {
	base := r.log.Base()
	switch {
	case base.Index > s.Index:
		return false, fmt.Errorf("the log begins after index %d, and there is no snapshot through there but one through %d", base.Index, s.Index)
	case s.Index == 0:
		return false, nil
	}
	emptied = r.log.Rest(s)
	if base.Index > 0 && base.Term == 0 {
		err = r.log.Compact(s.Index) // what it began with is not known: only somebody who deleted segments leaves it so
	}
	return emptied, err
}
