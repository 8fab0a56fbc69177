package wal

import "fmt"

// judgeTail decides about what follows the last sound frame of the last segment.
func (r *recovery) judgeTail(n uint64, rest []byte, seed uint32) {
	dirty, reason := lastDirty(rest), r.unexplained
	if reason == nil && dirty > 0 {
		reason = fmt.Errorf("frame %d does not begin where it should, but something follows", r.tail.frame)
	}
	last := r.tail.frame - 1
	switch {
	case r.mark.frame > last:
		if reason == nil {
			reason = fmt.Errorf("the log ends with frame %d", last)
		}
		reason = fmt.Errorf("%w, and frame %d was durable", reason, r.mark.frame)
	case dirty == 0:
		return
	case r.markWhole && (r.mark.closed || isTorn(rest, seed, r.tail.frame)):
		r.cut = dirty
		return
	}
	r.stop(segmentName(n), r.end, reason, rest)
}

// isTorn reports whether sectors are what a write of the frame may have left that
// was never synced: each of them as it was written or as it was before, empty, and
// not all of them written. Nothing else was written after the last sync.
func isTorn(sectors []byte, seed uint32, frame uint64) bool {
	written, n := uint32(0), uint32(0)
	for part := range uint32(len(sectors) / sectorBytes) {
		s := sectors[part*sectorBytes:]
		h, state := readSector(s[:sectorBytes], seed)
		switch {
		case state == sectorEmpty:
			continue
		case state == sectorDamaged || h.frame != frame || h.part != part || n > 0 && h.sectors != n:
			return false
		}
		n = h.sectors
		written++
	}
	return written < n && int(n) <= len(sectors)/sectorBytes
}

// lastDirty is the number of bytes up to the last sector that is not empty.
func lastDirty(sectors []byte) int64 {
	for end := len(sectors); end >= sectorBytes; end -= sectorBytes {
		if !isEmpty(sectors[end-sectorBytes : end]) {
			return int64(end)
		}
	}
	return int64(len(sectors) % sectorBytes) // a file that was cut short
}
