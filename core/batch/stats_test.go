package batch_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core/batch"
)

func values(h *batch.Histogram) map[int64]uint64 {
	m := map[int64]uint64{}
	for v, n := range h.Buckets() {
		m[v] = n
	}
	return m
}

func TestStatsSayHowBatchesClosed(t *testing.T) {
	q := batch.NewQueue[int](batch.Config{SizeBytes: 10, Linger: 5 * time.Nanosecond})
	start := time.Unix(1000, 0)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	next := func(d time.Duration, sole bool) { q.Next(batch.Situation{Now: at(d), Sole: sole}) }

	q.Push(1, 1, 4, at(0))
	next(1, false) // nothing yet
	q.Push(2, 1, 6, at(2))
	q.Push(3, 1, 1, at(3))
	next(3, false)  // full: 2 items, 10 bytes, 3 ns
	next(10, false) // expired: 1 item, 1 byte, 7 ns
	q.Push(4, 1, 2, at(20))
	next(21, true) // sole: 1 item, 2 bytes, 1 ns
	q.Push(5, 1, 3, at(30))
	q.Drain()

	s := *q.Stats()
	if d := cmp.Diff(map[string]uint64{"full": 1, "expired": 1, "sole item": 1}, s.Reasons()); d != "" {
		t.Errorf("reasons (-want +got):\n%s", d)
	}
	if s.Batches() != 3 || s.Linger != 5*time.Nanosecond {
		t.Errorf("%d batches, linger %v; want 3, 5ns", s.Batches(), s.Linger)
	}
	s.Merge(q.Stats()) // twice everything
	got := map[string]map[int64]uint64{}
	units := map[string]string{}
	for _, d := range s.Distributions("link", "ops") {
		got[d.Name], units[d.Name] = values(&d.Histogram), d.Unit
	}
	want := map[string]map[int64]uint64{
		"link_ops":       {2: 2, 1: 4},
		"link_bytes":     {10: 2, 1: 2, 2: 2},
		"link_wait_ns":   {3: 2, 7: 2, 1: 2},
		"link_linger_ns": {7: 2},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("distributions (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"link_ops": "ops", "link_bytes": "bytes", "link_wait_ns": "ns", "link_linger_ns": "ns"}, units); d != "" {
		t.Errorf("units (-want +got):\n%s", d)
	}
	if s.Batches() != 6 || s.Linger != 5*time.Nanosecond {
		t.Errorf("merged: %d batches, linger %v; want 6, 5ns", s.Batches(), s.Linger)
	}
}
