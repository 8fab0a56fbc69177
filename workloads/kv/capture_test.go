package kv_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/workloads/kv"
)

// gate lets the writer of a capture go on one piece at a time.
type gate struct {
	bytes.Buffer
	turn chan bool
}

func (g *gate) Write(b []byte) (int, error) {
	<-g.turn
	return g.Buffer.Write(b)
}

// A capture is what the machine was, to the byte, whatever is put while it is written.
func TestACaptureIsTheStateAtOneMoment(t *testing.T) {
	m := kv.New(0)
	rng := rand.New(rand.NewPCG(1, 2))
	put := func() {
		key := fmt.Appendf(nil, "key %d", rng.IntN(3000))
		apply(t, m, kv.AppendPut(nil, key, bytes.Repeat([]byte{byte(rng.Uint32())}, rng.IntN(200))))
	}
	for round := range 4 {
		for range 3000 {
			put()
		}
		var want bytes.Buffer
		if err := m.WriteSnapshot(&want); err != nil {
			t.Fatal(err)
		}
		c := m.Capture()
		g, done := &gate{turn: make(chan bool)}, make(chan error)
		go func() { done <- c.WriteSnapshot(g) }()
		for pieces, ended := 0, false; !ended; {
			for range 100 {
				put()
			}
			select {
			case g.turn <- true:
				pieces++
			case err := <-done:
				if ended = true; err != nil || pieces < 3 {
					t.Fatalf("%d pieces, %v", pieces, err)
				}
			}
		}
		c.Release()
		if !bytes.Equal(g.Bytes(), want.Bytes()) {
			t.Fatalf("round %d: the capture has %d bytes, other than the %d of the state when it was made", round, g.Len(), want.Len())
		}
	}
	// What was put meanwhile is not lost.
	var now bytes.Buffer
	if err := m.WriteSnapshot(&now); err != nil {
		t.Fatal(err)
	}
	again := kv.New(0)
	if err := again.ReadSnapshot(&now); err != nil || again.Sum() != m.Sum() {
		t.Fatalf("read back: %v", err)
	}
}

// A capture that is given up leaves nothing behind.
func TestACaptureMayBeReleasedUnwritten(t *testing.T) {
	m := kv.New(0)
	put := func(value string) { apply(t, m, kv.AppendPut(nil, []byte("k"), []byte(value))) }
	put("one")
	m.Capture().Release()
	put("two")
	c := m.Capture()
	put("three")
	var b bytes.Buffer
	if err := c.WriteSnapshot(&b); err != nil {
		t.Fatal(err)
	}
	c.Release()
	again := kv.New(0)
	if err := again.ReadSnapshot(&b); err != nil {
		t.Fatal(err)
	}
	wantResult(t, "captured", query(t, again, kv.AppendGet(nil, []byte("k"))), kv.StatusOK, "two")
	wantResult(t, "now", query(t, m, kv.AppendGet(nil, []byte("k"))), kv.StatusOK, "three")
}

// The order of the keys is kept from one capture to the next, and not across a snapshot
// that replaces the state by another of the same size.
func TestACaptureAfterASnapshotWasRead(t *testing.T) {
	m, other := kv.New(0), kv.New(0)
	apply(t, m, kv.AppendPut(nil, []byte("a"), []byte("old")))
	apply(t, other, kv.AppendPut(nil, []byte("b"), []byte("new")))
	c := m.Capture()
	if err := c.WriteSnapshot(io.Discard); err != nil {
		t.Fatal(err)
	}
	c.Release()
	var b bytes.Buffer
	if err := other.WriteSnapshot(&b); err != nil {
		t.Fatal(err)
	}
	want := bytes.Clone(b.Bytes())
	if err := m.ReadSnapshot(&b); err != nil {
		t.Fatal(err)
	}
	c = m.Capture()
	defer c.Release()
	var got bytes.Buffer
	if err := c.WriteSnapshot(&got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Fatalf("captured %q, want %q", got.Bytes(), want)
	}
}

// BenchmarkCapture is what the one who applies waits for: a capture of a million keys.
func BenchmarkCapture(b *testing.B) {
	m := kv.New(0)
	var results core.Results
	for i := range 1 << 20 {
		results.Truncate()
		m.Apply([]core.Entry{{Data: kv.AppendPut(nil, fmt.Appendf(nil, "%d", i), []byte("value"))}}, &results)
	}
	for b.Loop() {
		m.Capture().Release()
	}
}
