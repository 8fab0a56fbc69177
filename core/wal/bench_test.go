package wal

import (
	"fmt"
	"os"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// BenchmarkRecover opens a log of 1 GiB: entries of 128 bytes, in frames of 64 KiB.
// With -short it has 64 MiB.
func BenchmarkRecover(b *testing.B) {
	total := int64(1 << 30)
	if testing.Short() {
		total = 64 << 20
	}
	o := Options{Dir: b.TempDir(), Identity: testIdentity, NoSync: true}
	l, err := Open(o)
	if err != nil {
		b.Fatal(err)
	}
	next := core.Index(1)
	for written := int64(0); written < total; {
		entries := make([]core.Entry, 64<<10/141)
		for i := range entries {
			entries[i] = core.Entry{Index: next, Term: 1, Data: fmt.Appendf(make([]byte, 0, 128), "%128d", next)}
			next++
		}
		written += int64(frameSectors(len(appendEntries(nil, entries))) * sectorBytes)
		l.Write(core.Write{Entries: entries}, func(err error) {
			if err != nil {
				b.Error(err)
			}
		})
	}
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	l = nil
	b.SetBytes(total)
	for b.Loop() {
		l, err := Open(o)
		if err != nil {
			b.Fatal(err)
		}
		if l.LastIndex() != next-1 {
			b.Fatalf("log ends at %d, want %d", l.LastIndex(), next-1)
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWrite is what one write costs that waits for the disk, and what it costs
// when so many are queued that they share frames. WAL_BENCH_DIR says on which disk;
// default: that of temporary files.
func BenchmarkWrite(b *testing.B) {
	for _, queued := range []int{1, 64} {
		b.Run(fmt.Sprintf("queued=%d", queued), func(b *testing.B) {
			dir, err := os.MkdirTemp(os.Getenv("WAL_BENCH_DIR"), "wal")
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = os.RemoveAll(dir) }()
			l, err := Open(Options{Dir: dir, Identity: testIdentity})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			done := make(chan error, queued)
			data := make([]byte, 16)
			next := core.Index(1)
			for range queued {
				done <- nil
			}
			for b.Loop() {
				if err := <-done; err != nil {
					b.Fatal(err)
				}
				l.Write(core.Write{Entries: []core.Entry{{Index: next, Term: 1, Data: data}}, Sync: true}, func(err error) { done <- err })
				next++
			}
			d := l.Distributions()
			b.ReportMetric(float64(d[2].Histogram.Count())/float64(b.N), "syncs/op")
			b.ReportMetric(d[0].Histogram.Mean()/1e3, "µs/sync")
		})
	}
}
