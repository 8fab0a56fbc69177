package codec_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/experiment/codec"
	"github.com/raftbench/raftbench/transports/codecs"
)

// Every codec carries every message unchanged, and its cost is known.
func TestMeasure(t *testing.T) {
	for _, c := range codecs.All() {
		t.Run(c.Name, func(t *testing.T) {
			for _, m := range codec.Messages([]int{16}, 1) {
				results, err := codec.Measure(t.Context(), c, m, time.Microsecond)
				if err != nil {
					t.Fatal(err)
				}
				if len(results) != 2 || results[0].Operation != codec.Encode || results[1].Operation != codec.Decode {
					t.Fatalf("results: %+v", results)
				}
				for _, r := range results {
					if r.N < 1 || r.NSPerOp <= 0 || r.EncodedBytes < 1 {
						t.Errorf("%s %s: %+v", m.Name, r.Operation, r)
					}
				}
			}
		})
	}
}

// A gob that describes its types in every message has longer ones.
func TestColdGobIsLonger(t *testing.T) {
	length := map[string]int{}
	m := codec.Messages(nil, 1)[0]
	for _, c := range codecs.All() {
		results, err := codec.Measure(t.Context(), c, m, time.Microsecond)
		if err != nil {
			t.Fatal(err)
		}
		length[c.Name] = results[0].EncodedBytes
	}
	if length["gob-cold"] <= length["gob-warm"] || length["protobuf"] >= length["json"] {
		t.Errorf("lengths of a RequestVote: %v", length)
	}
}

// forgetful loses the commands of a request.
type forgetful struct{ codecs.Codec }

func (f forgetful) DecodeRequest(body []byte, into core.Request) error {
	err := f.Codec.DecodeRequest(body, into)
	if r, ok := into.(*core.ProposeRequest); ok && len(r.Commands) > 0 {
		r.Commands = r.Commands[1:]
	}
	return err
}

// A codec that loses something is not measured.
func TestLossIsAnError(t *testing.T) {
	c := codecs.Named{Name: "forgetful", New: func() codecs.Codec { return forgetful{codecs.All()[0].New()} }}
	m := codec.Message{Name: "Propose", Request: &core.ProposeRequest{Commands: [][]byte{{1}, {2}}}}
	if _, err := codec.Measure(t.Context(), c, m, time.Microsecond); err == nil || !strings.Contains(err.Error(), "forgetful, Propose") {
		t.Errorf("error: %v", err)
	}
}

func TestMeasureStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := codec.Measure(ctx, codecs.All()[0], codec.Messages(nil, 1)[0], time.Hour)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v", err)
	}
}

func TestFormats(t *testing.T) {
	m := codec.Message{Name: "Propose/commands=1", Payload: 128, Request: &core.ProposeRequest{Commands: [][]byte{{1}}}}
	results := []codec.Result{
		{Operation: codec.Encode, Codec: "wire", Message: m, N: 1000, NSPerOp: 12.34, EncodedBytes: 150, AllocBytes: 16, Allocs: 1},
		{Operation: codec.Decode, Codec: "wire", Message: m, N: 900, NSPerOp: 56.78, EncodedBytes: 150},
	}
	var b strings.Builder
	if err := codec.WriteBenchmark(&b, results[0]); err != nil {
		t.Fatal(err)
	}
	name, rest, _ := strings.Cut(b.String(), "\t")
	if !strings.HasPrefix(name, "BenchmarkCodec/op=encode/codec=wire/message=Propose/commands=1/payload=128B-") ||
		rest != "1000\t12.3 ns/op\t150 encoded-B\t16 B/op\t1.00 allocs/op\n" {
		t.Errorf("line: %q", b.String())
	}
	b.Reset()
	if err := codec.WriteTable(&b, results); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "12 ns") || !strings.Contains(b.String(), "57 ns") {
		t.Errorf("table:\n%s", b.String())
	}
}
