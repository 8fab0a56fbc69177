package rawtcp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
)

// sampleFrames returns one frame of each type, encoded.
func sampleFrames(checksum bool) [][]byte {
	req := &core.AppendEntriesRequest{From: 1, Term: 2, Entries: []core.Entry{{Index: 1, Term: 2, Data: []byte("data")}}}
	return [][]byte{
		appendRequest(nil, 1<<40+7, req, checksum),
		appendResponse(nil, 8, &core.TimeoutNowResponse{From: 1, Term: 2}, checksum),
		appendFailure(nil, 9, core.KindRead, failureTooLarge, "why", checksum),
		appendCredit(nil, 1<<20, checksum),
	}
}

func TestFramesRoundTrip(t *testing.T) {
	want := []frame{
		{frameType: frameRequest, kind: core.KindAppendEntries, id: 1<<40 + 7},
		{frameType: frameResponse, kind: core.KindTimeoutNow, id: 8},
		{frameType: frameFailure, kind: core.KindRead, code: failureTooLarge, id: 9},
		{frameType: frameCredit},
	}
	for _, checksum := range []bool{true, false} {
		for i, b := range sampleFrames(checksum) {
			var f frame
			n, err := parseFrame(append(b, "next"...), 1<<20, checksum, &f)
			if err != nil || n != len(b) {
				t.Fatalf("frame %d: %d of %d bytes, %v", i, n, len(b), err)
			}
			if !bytes.Equal(f.body, b[headerBytes:]) {
				t.Errorf("frame %d: body %x, want %x", i, f.body, b[headerBytes:])
			}
			f.body = nil
			if d := cmp.Diff(want[i], f, cmp.AllowUnexported(frame{})); d != "" {
				t.Errorf("frame %d changed (-sent +parsed):\n%s", i, d)
			}
		}
	}
}

// TestFrameFormatDoesNotChange: a difference needs a new frameVersion.
func TestFrameFormatDoesNotChange(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{hex.EncodeToString(sampleFrames(true)[2]), "5cc9dd7f03000000020406010900000000000000776879"},
		{hex.EncodeToString(appendHello(nil, hello{from: 5, class: core.ClassSnapshot, checksum: true})),
			"7fa44e321800000002010000000000000000000072616674626e636805030100050000000000000000000000"},
		{hex.EncodeToString(sampleFrames(false)[3]), "000000000400000002050000000000000000000000001000"},
	} {
		if c.got != c.want {
			t.Errorf("the format changed:\n got %s\nwant %s", c.got, c.want)
		}
	}
}

func TestHelloRoundTrips(t *testing.T) {
	for _, want := range []hello{{}, {from: 1<<64 - 1, class: core.ClassSnapshot, checksum: true, credit: 1<<32 - 1}} {
		var f frame
		if _, err := parseFrame(appendHello(nil, want), helloBytes, true, &f); err != nil {
			t.Fatal(err)
		}
		got, err := parseHello(f)
		if err != nil || got != want {
			t.Errorf("hello %+v came as %+v, %v", want, got, err)
		}
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	for _, b := range append(sampleFrames(true), appendHello(nil, hello{from: 1})) {
		for i := range 8 * len(b) {
			bad := bytes.Clone(b)
			bad[i/8] ^= 1 << (i % 8)
			need, err := parseFrame(bad, len(b), true, new(frame))
			if err == nil && need == len(b) {
				t.Errorf("bit %d of %x flipped: accepted", i, b)
			}
		}
	}
}

func TestBadHellosAreRefused(t *testing.T) {
	good := appendHello(nil, hello{from: 1})[headerBytes:]
	for name, change := range map[string]func([]byte) []byte{
		"empty":            func([]byte) []byte { return nil },
		"short":            func(b []byte) []byte { return b[1:] },
		"magic":            func(b []byte) []byte { b[0]++; return b },
		"message version":  func(b []byte) []byte { b[8]++; return b },
		"class":            func(b []byte) []byte { b[9] = core.NumClasses; return b },
		"checksum setting": func(b []byte) []byte { b[10] = 2; return b },
		"reserved":         func(b []byte) []byte { b[11] = 1; return b },
	} {
		if h, err := parseHello(frame{frameType: frameHello, body: change(bytes.Clone(good))}); !errors.Is(err, errBadFrame) {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
	if _, err := parseHello(frame{frameType: frameRequest, body: good}); !errors.Is(err, errBadFrame) {
		t.Errorf("a request taken for a hello: %v", err)
	}
}

func TestLengthIsCheckedBeforeTheBodyIsThere(t *testing.T) {
	b := sampleFrames(true)[0][:headerBytes]
	b[4], b[5], b[6], b[7] = 0xff, 0xff, 0xff, 0xff
	if _, err := parseFrame(b, 1<<20, true, new(frame)); !errors.Is(err, errBadFrame) {
		t.Errorf("a frame of 4 GiB: %v", err)
	}
}

// FuzzFrame: parsing never panics; what is accepted says that it is all there,
// lies within the input, and is written as the same bytes again.
func FuzzFrame(f *testing.F) {
	for _, b := range append(sampleFrames(true), appendHello(nil, hello{from: 1})) {
		f.Add(b, true)
	}
	for _, b := range sampleFrames(false) {
		f.Add(b, false)
	}
	const limit = 1 << 16
	f.Fuzz(func(t *testing.T, b []byte, checksum bool) {
		var fr frame
		need, err := parseFrame(b, limit, checksum, &fr)
		if err != nil {
			if !errors.Is(err, errBadFrame) {
				t.Fatalf("the error does not match errBadFrame: %v", err)
			}
			return
		}
		if need > headerBytes+limit {
			t.Fatalf("wants %d bytes", need)
		}
		if need > len(b) {
			return
		}
		again := append(beginFrame(nil), fr.body...)
		if !checksum {
			copy(again, b[:4]) // nobody looks at it
		}
		finishFrame(again, fr, checksum)
		if !bytes.Equal(again, b[:need]) {
			t.Fatalf("writes differently again:\n%x\n%x", b[:need], again)
		}
		if n, err := parseCredit(fr); err == nil && checksum && fr.kind == 0 && fr.code == 0 && fr.id == 0 && !bytes.Equal(appendCredit(nil, n, true), b[:need]) {
			t.Fatalf("credit writes differently again: %d", n)
		}
		if h, err := parseHello(fr); err == nil && checksum && !bytes.Equal(appendHello(nil, h), b[:need]) && fr.kind == 0 && fr.code == 0 && fr.id == 0 {
			t.Fatalf("hello writes differently again: %+v", h)
		}
	})
}
