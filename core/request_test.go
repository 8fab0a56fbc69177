package core_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/raftbench/raftbench/core"
)

// Results stay as they were added, also when the memory grows and what was added is used
// again, until they are truncated.
func TestResults(t *testing.T) {
	var r core.Results
	var want [][]byte
	for n := range 200 {
		b := make([]byte, n%7*n)
		for i := range b {
			b[i] = byte(n)
		}
		if n%2 == 0 {
			r.Append(b)
			want = append(want, bytes.Clone(b))
		} else {
			r.AppendTagged('t', b)
			want = append(want, append([]byte{'t'}, b...))
		}
		clear(b)
	}
	r.AppendTagged('t', []byte{1})
	want = append(want, []byte{'t', 1})
	if !slices.EqualFunc(r.List(), want, bytes.Equal) {
		t.Fatalf("results are %q, want %q", r.List(), want)
	}
	if r.Truncate(); len(r.List()) != 0 {
		t.Fatalf("%d results are left", len(r.List()))
	}
}
