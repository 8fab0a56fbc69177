package wal

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// write waits until entries are durable.
func write(t *testing.T, l *Log, hard *core.HardState, first core.Index, data ...[]byte) {
	t.Helper()
	if err := tryWrite(l, hard, first, data...); err != nil {
		t.Fatal(err)
	}
}

func tryWrite(l *Log, hard *core.HardState, first core.Index, data ...[]byte) error {
	var list []core.Entry
	for i, d := range data {
		list = append(list, core.Entry{Index: first + core.Index(i), Term: 1, Data: d})
	}
	done := make(chan error, 1)
	l.Write(core.Write{HardState: hard, Entries: list, Sync: true}, func(err error) { done <- err })
	return <-done
}

func open(t *testing.T, d *simDisk) *Log {
	t.Helper()
	l, err := Open(simOptions(d))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// openSettled opens a new log of a node that remembers what it did.
func openSettled(t *testing.T, d *simDisk) *Log {
	t.Helper()
	l := open(t, d)
	if err := l.Settle(); err != nil {
		t.Fatal(err)
	}
	return l
}

// inode is the file with a suffix that is last by its name.
func (d *simDisk) inode(suffix string) *simInode {
	last := ""
	for path := range maps.Keys(d.names) {
		if strings.HasSuffix(path, suffix) {
			last = max(last, path)
		}
	}
	return d.names[last]
}

// Of the last frame, which nobody was told about, every subset of its sectors can be
// lost. It is cut, unless all of it is there.
func TestEverySubsetOfLostSectors(t *testing.T) {
	for sectors := 1; sectors <= 8; sectors++ {
		disk := newSimDisk()
		l := open(t, disk)
		write(t, l, &core.HardState{Term: 1, Vote: 1}, 1, []byte("acknowledged"))
		start := l.writer.at
		disk.offAt = disk.calls + 2 // after the write of the frame: its sync
		if err := tryWrite(l, nil, 2, make([]byte, sectors*sectorDataBytes-100)); err == nil {
			t.Fatal("a write was acknowledged without power")
		}
		for lost := range 1 << sectors {
			after := disk.killed()
			segment := after.inode(segmentSuffix)
			for s := range sectors {
				if lost>>s&1 == 1 {
					at := int(start) + s*sectorBytes
					clear(segment.data[at : at+sectorBytes])
				}
			}
			if frameSectors(len(l.writer.data)-frameHeadBytes) != sectors {
				t.Fatalf("the frame has %d sectors, want %d", frameSectors(len(l.writer.data)-frameHeadBytes), sectors)
			}
			l, err := Open(simOptions(after))
			if err != nil {
				t.Fatalf("%d sectors, lost %b: %v", sectors, lost, err)
			}
			want, last := Cut, core.Index(1)
			if lost == 0 {
				want, last = Clean, 2
			}
			if lost == 1<<sectors-1 {
				want = Clean // nothing was ever there
			}
			if got := l.Recovery().Verdict; got != want || l.LastIndex() != last {
				t.Fatalf("%d sectors, lost %b: %v, log ends at %d; want %v, %d", sectors, lost, got, l.LastIndex(), want, last)
			}
			l.Close()
		}
	}
}

// The same subsets, of a frame that was acknowledged: never silently.
func TestLostSectorsOfAnAcknowledgedFrame(t *testing.T) {
	for _, closed := range []bool{false, true} {
		disk := newSimDisk()
		l := openSettled(t, disk)
		write(t, l, &core.HardState{Term: 1, Vote: 1}, 1, []byte("acknowledged"))
		start := l.writer.at
		write(t, l, nil, 2, make([]byte, 3*sectorDataBytes))
		if closed {
			l.Close()
		}
		for lost := 1; lost < 1<<4; lost++ {
			after := disk.killed()
			for s := range 4 {
				if lost>>s&1 == 1 {
					at := int(start) + s*sectorBytes
					clear(after.inode(segmentSuffix).data[at : at+sectorBytes])
				}
			}
			wantDamage(t, after, fmt.Sprintf("lost %b", lost), core.Doubt{Sound: 1, Through: 2, Term: 1})
		}
	}
}

// wantDamage looks whether opening reports a doubt, and changes nothing; and whether
// the log opens in quarantine, and remembers the doubt until it is settled.
func wantDamage(t *testing.T, disk *simDisk, what string, atLeast core.Doubt) {
	t.Helper()
	before := disk.killed()
	_, err := Open(simOptions(disk))
	var damage *DamageError
	if !errors.As(err, &damage) {
		t.Fatalf("%s: opened with %v, want a DamageError", what, err)
	}
	if d := damage.Doubt; d.Sound != atLeast.Sound || d.Through < atLeast.Through || d.Term != atLeast.Term {
		t.Fatalf("%s: doubt %+v, want %+v at least: %v", what, d, atLeast, err)
	}
	for path, n := range before.names {
		if after := disk.names[path]; after == nil || !slices.Equal(after.data, n.data) {
			t.Fatalf("%s: opening changed %s", what, path)
		}
	}
	o := simOptions(disk)
	o.Quarantine = true
	l, err := Open(o)
	if err != nil {
		t.Fatalf("%s: quarantine: %v", what, err)
	}
	if l.Recovery().Verdict != Quarantined || *l.Doubt() != damage.Doubt || l.LastIndex() != atLeast.Sound {
		t.Fatalf("%s: quarantine: %v, %+v, log ends at %d", what, l.Recovery().Verdict, l.Doubt(), l.LastIndex())
	}
	write(t, l, nil, l.LastIndex()+1, []byte("again"))
	last := l.LastIndex()
	l.Close()
	if _, err := Open(simOptions(disk)); !errors.As(err, &damage) {
		t.Fatalf("%s: opened after quarantine with %v, want a DamageError", what, err)
	}
	if l, err = Open(o); err != nil || l.Doubt() == nil || l.LastIndex() != last {
		t.Fatalf("%s: quarantine again: %v", what, err)
	}
	if err := l.Settle(); err != nil || l.Doubt() != nil {
		t.Fatalf("%s: settle: %v", what, err)
	}
	l.Close()
	l = open(t, disk)
	if l.Recovery().Verdict != Clean || l.LastIndex() != last {
		t.Fatalf("%s: after settling: %v, log ends at %d, want clean and %d", what, l.Recovery().Verdict, l.LastIndex(), last)
	}
	l.Close()
}

// small is a directory with everything in it: two segments, a snapshot, a compaction,
// entries that were replaced.
func small(t *testing.T, closed bool) (*simDisk, model) {
	t.Helper()
	disk := newSimDisk()
	o := simOptions(disk)
	o.SegmentBytes = minSegmentBytes
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Settle(); err != nil {
		t.Fatal(err)
	}
	w := newWorkload(l, 4, newModel())
	w.now.hard = core.HardState{Term: 1, Vote: 2}
	for range 2 {
		w.append(w.now.last+1, []byte("first"), make([]byte, 600))
	}
	w.append(3, []byte("instead"))
	w.now.hard.Commit = 3
	w.save(w.now.clone(), 2, []byte("state of two"))
	w.forget(1)
	for range 5 {
		w.append(w.now.last+1, []byte("more"))
	}
	if w.failed != nil || len(l.writer.segments) != 2 {
		t.Fatalf("%d segments, %v; want 2", len(l.writer.segments), w.failed)
	}
	if closed {
		l.Close()
	}
	return disk, w.now
}

// sameOrReported opens a directory without changing it.
func sameOrReported(d *simDisk, want *model) (reported bool, err error) {
	r, err := recoverDir(d, simDir, testIdentity)
	if err != nil || r.damage != nil {
		return true, nil
	}
	l := &Log{options: simOptions(d), live: r.log, hard: r.state, snapshot: r.snapshot}
	return false, want.check(l)
}

// Every bit of a small directory, flipped: the same state, or a report.
func TestEveryBitFlipped(t *testing.T) {
	step := 1
	if testing.Short() || raceDetector {
		step = 61 // a prime: all positions in a byte
	}
	for _, closed := range []bool{false, true} {
		disk, want := small(t, closed)
		bits, reports := 0, 0
		for path, n := range disk.names {
			for bit := 0; bit < 8*len(n.data); bit += step {
				n.data[bit/8] ^= 1 << (bit % 8)
				reported, err := sameOrReported(disk, &want)
				n.data[bit/8] ^= 1 << (bit % 8)
				if err != nil {
					t.Fatalf("closed: %v, %s, bit %d of byte %d flipped: another state without a report: %v", closed, path, bit%8, bit/8, err)
				}
				bits++
				if reported {
					reports++
				}
			}
		}
		if reports == 0 || reports == bits {
			t.Fatalf("%d of %d flips were reported", reports, bits)
		}
		t.Logf("closed: %v: %d flips, %d reported", closed, bits, reports)
	}
}

// The last frame was acknowledged, the power went, and the mark is from before: every
// bit of that frame, flipped, is damage and not a torn write. (A frame that only has a
// checksum loses what was acknowledged here: etcd's, raft-wal's, dragonboat's.)
func TestFlipInTheLastFrameAfterPowerLoss(t *testing.T) {
	disk := newSimDisk()
	l := open(t, disk)
	write(t, l, &core.HardState{Term: 1, Vote: 1}, 1, []byte("a"))
	at := int(l.writer.at)
	write(t, l, nil, 2, make([]byte, 700))
	end := int(l.writer.at)
	after := disk.powerCut(nil)
	if m, _, err := readMark(&simFile{after, after.inode(markName)}); err != nil || m.last == 2 {
		t.Fatalf("the mark knows of the last frame: %+v, %v", m, err)
	}
	data := after.inode(segmentSuffix).data
	for bit := 8 * at; bit < 8*end; bit++ {
		data[bit/8] ^= 1 << (bit % 8)
		r, err := recoverDir(after, simDir, testIdentity)
		data[bit/8] ^= 1 << (bit % 8)
		if err != nil || r.damage == nil || r.damage.Doubt.Sound != 1 || r.damage.Doubt.Through < 2 {
			t.Fatalf("bit %d of byte %d: %+v, %v", bit%8, bit/8-at, r.damage, err)
		}
	}
}

// A frame that is sound by itself and does not continue the one before is not taken:
// sectors of an older log in the same place, as a disk that loses writes leaves them.
func TestFrameOfAnotherHistory(t *testing.T) {
	frame := appendFrame(nil, appendState(make([]byte, frameHeadBytes), core.HardState{Term: 1}), 7, &tail{frame: 3, chain: 1})
	before := tail{frame: 3, chain: 2}
	end := before
	if _, _, err := readFrame(frame, 7, &end); err == nil || end != before {
		t.Fatalf("read with %v, and the log goes on at %+v", err, end)
	}
	if _, _, err := readFrame(frame, 7, &tail{frame: 3, chain: 1}); err != nil {
		t.Fatal(err)
	}
}

// Every sector erased, and every file gone: the same state, or a report.
func TestEverySectorErased(t *testing.T) {
	for _, closed := range []bool{false, true} {
		disk, want := small(t, closed)
		for path, n := range disk.names {
			for at := 0; at < len(n.data); at += sectorBytes {
				sector := n.data[at:min(at+sectorBytes, len(n.data))]
				was := slices.Clone(sector)
				clear(sector)
				_, err := sameOrReported(disk, &want)
				copy(sector, was)
				if err != nil {
					t.Fatalf("closed: %v, %s, sector at %d erased: another state without a report: %v", closed, path, at, err)
				}
			}
			delete(disk.names, path)
			_, err := sameOrReported(disk, &want)
			disk.names[path] = n
			if err != nil {
				t.Fatalf("closed: %v, %s gone: another state without a report: %v", closed, path, err)
			}
			was := n.data
			for cut := 0; cut < len(was); cut += 100 {
				n.data = was[:cut]
				if _, err := sameOrReported(disk, &want); err != nil {
					t.Fatalf("closed: %v, %s cut to %d bytes: another state without a report: %v", closed, path, cut, err)
				}
			}
			n.data = was
		}
	}
}

// A frame that is whole and makes no sense is damage, in the last segment and before.
func TestFrameThatMakesNoSense(t *testing.T) {
	for _, more := range []int{0, 30} {
		disk := newSimDisk()
		l := openSettled(t, disk)
		write(t, l, &core.HardState{Term: 1, Vote: 1}, 1, []byte("a"))
		w := l.writer
		nonsense := appendEntries(make([]byte, frameHeadBytes), []core.Entry{{Index: 7, Term: 1}})
		w.sectors = appendFrame(nil, nonsense, w.segment().seed, &w.tail)
		if _, err := w.file.WriteAt(w.sectors, w.at); err != nil {
			t.Fatal(err)
		}
		w.at += int64(len(w.sectors))
		for i := range more {
			write(t, l, nil, core.Index(2+i), make([]byte, 600))
		}
		l.Close()
		wantDamage(t, disk, fmt.Sprintf("%d frames follow", more), core.Doubt{Sound: 1, Through: core.Index(1 + more), Term: 1})
	}
}

// The term and the vote survive damage to the log: the mark has them too.
func TestVoteSurvivesDamage(t *testing.T) {
	disk := newSimDisk()
	l := open(t, disk)
	write(t, l, &core.HardState{Term: 1, Vote: 1}, 1, []byte("a"))
	at := l.writer.at
	write(t, l, &core.HardState{Term: 5, Vote: 3}, 2, []byte("b"))
	after := disk.powerCut(nil)
	after.inode(segmentSuffix).data[at+100] ^= 1
	_, err := Open(simOptions(after))
	var damage *DamageError
	if !errors.As(err, &damage) || damage.Doubt.Term != 5 {
		t.Fatalf("opened with %v, want a doubt in term 5", err)
	}
	o := simOptions(after)
	o.Quarantine = true
	if l, err = Open(o); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if hard, _, _ := l.State(); hard.Term != 5 || hard.Vote != 3 {
		t.Fatalf("hard state %+v, want term 5 and vote 3", hard)
	}
}

// A log whose beginning cannot be had any more begins with nothing: the snapshot that
// it rested on is damaged.
func TestDamagedSnapshot(t *testing.T) {
	disk := newSimDisk()
	l := openSettled(t, disk)
	w := newWorkload(l, 3, newModel())
	for w.now.base == 0 {
		w.step()
	}
	l.Close()
	n := disk.inode(snapshotSuffix)
	n.data[len(n.data)-1] ^= 1
	wantDamage(t, disk, "snapshot", core.Doubt{Sound: 0, Through: w.now.last, Term: w.now.hard.Term})
	if path := filepath.Join(simDir, snapshotName(w.now.snapshot)+damagedSuffix); disk.names[path] == nil {
		t.Fatalf("the damaged snapshot was not kept as %s", path)
	}
}

// finishSnapshot leaves a snapshot in a directory that its log has not adopted.
func finishSnapshot(t *testing.T, d *simDisk, meta core.SnapshotMeta, content string) {
	t.Helper()
	o := simOptions(d)
	w, err := newSnapshotWriter(&Log{options: o, writer: newWriter(o)}, meta)
	if err == nil {
		_, err = io.WriteString(w, content)
	}
	if err == nil {
		err = w.Finish(core.Unsigned)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A crash while a damaged log is opened in quarantine does not make it a sound one.
func TestCrashDuringQuarantine(t *testing.T) {
	for what, harm := range map[string]func(*simDisk){
		"a bit in the first segment": func(d *simDisk) { d.names[simDir+"/0000000001.wal"].data[3*sectorBytes] ^= 1 },
		"the last segment is gone": func(d *simDisk) {
			delete(d.names, simDir+"/0000000002.wal")
		},
		"a bit in the snapshot": func(d *simDisk) { d.inode(snapshotSuffix).data[manifestBytes] ^= 1 },
		"the mark is gone":      func(d *simDisk) { delete(d.names, simDir+"/"+markName) },
		"a slot of the mark":    func(d *simDisk) { flipMark(d, newestSlot(t, d)) },
		"the log and the mark":  func(d *simDisk) { flipMark(d, 0, 1); flipLog(d) },
		"a snapshot beyond the log, damaged": func(d *simDisk) {
			finishSnapshot(t, d, core.SnapshotMeta{Index: 100, Term: 1}, "state of a hundred")
			d.inode(snapshotSuffix).data[manifestBytes] ^= 1
		},
	} {
		for offAt := 1; ; offAt++ {
			disk, _ := small(t, true)
			harm(disk)
			disk = disk.killed()
			o := simOptions(disk)
			o.Quarantine = true
			disk.offAt = offAt
			l, err := Open(o)
			if err == nil {
				l.Close()
				break // there are not so many calls
			}
			for cut, after := range map[string]*simDisk{"the process died": disk.killed(), "the power went": disk.powerCut(nil)} {
				var damage *DamageError
				if _, err := Open(simOptions(after)); !errors.As(err, &damage) {
					t.Fatalf("%s, call %d, %s: opened with %v, want a DamageError", what, offAt, cut, err)
				}
				o.fs = after
				if l, err = Open(o); err != nil || l.Doubt() == nil {
					t.Fatalf("%s, call %d, %s: quarantine: %v", what, offAt, cut, err)
				}
				l.Close()
			}
		}
	}
}
