package transports

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core"
)

// table has what the real one has: fixed values, sizes, and a transport without
// options.
func table() []Named {
	configure := func(o core.Options) (*core.Network, error) {
		if _, err := o.Int("conns", 1, 64); err != nil {
			return nil, err
		}
		return &core.Network{}, nil
	}
	return []Named{
		{Name: "plain", New: func(core.Options) (*core.Network, error) { return &core.Network{}, nil }},
		{Name: "wire", New: configure, Options: []core.Option{
			{Name: "mode", Stock: "unary", Tuned: "stream", Allowed: []string{"unary", "stream"}},
			{Name: "conns", Stock: "1", Tuned: "2"},
		}},
	}
}

func TestParseList(t *testing.T) {
	for _, c := range []struct {
		spec string
		want string // labels, or part of the error
		bad  bool
	}{
		{spec: "plain", want: "plain"},
		{spec: "all", want: "plain wire"},
		{spec: "wire,plain", want: "wire plain"},
		{spec: " wire : conns=4 , plain ", want: "wire:conns=4 plain"},
		{spec: "wire,wire:mode=unary,wire:conns=4:mode=unary", want: "wire wire:mode=unary wire:mode=unary:conns=4"},
		{spec: "all:stock", want: "plain:stock wire:stock"},
		{spec: "wire:tuned:mode=stream", want: "wire"},
		{spec: "wire:profile=stock:mode=stream", want: "wire:stock:mode=stream"},

		{spec: "", bad: true, want: "a transport is missing in the list: there are plain, wire, and all for every one"},
		{spec: "plain,", bad: true, want: "missing"},
		{spec: "quic", bad: true, want: `no transport "quic": there are plain, wire`},
		{spec: "Plain", bad: true, want: `no transport "Plain"`},
		{spec: "wire:", bad: true, want: "no value"},
		{spec: "wire:mode=both", bad: true, want: `transport wire: mode="both": allowed are unary, stream`},
		{spec: "wire:conns=0", bad: true, want: "from 1 to 64"},
		{spec: "wire:speed=9", bad: true, want: `transport wire has no option "speed": it has profile, mode, conns`},
		{spec: "wire:mode=unary:mode=unary", bad: true, want: "given twice"},
		{spec: "all:mode=unary", bad: true, want: `transport plain has no option "mode"`},
		{spec: "wire,all", bad: true, want: "transport wire is listed twice"},
		{spec: "wire,wire:mode=stream", bad: true, want: "transport wire is listed twice"},
	} {
		list, err := ParseList(table(), c.spec)
		if c.bad {
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: error %v, want one line with %q", c.spec, err, c.want)
			}
			continue
		}
		if got := labels(list); err != nil || got != c.want {
			t.Errorf("%q: %q, %v; want %q", c.spec, got, err, c.want)
		}
	}
}

func labels(list []Spec) string {
	var all []string
	for _, s := range list {
		all = append(all, s.Label)
	}
	return strings.Join(all, " ")
}

func TestFind(t *testing.T) {
	nt, err := Find(table(), "wire")
	if err != nil || nt.Name != "wire" {
		t.Fatalf("found %q, %v", nt.Name, err)
	}
	if _, err := Find(nil, "wire"); err == nil {
		t.Fatal("found a transport in an empty table")
	}
}

// TestAll checks that the real table can be chosen from.
func TestAll(t *testing.T) {
	for _, profile := range []string{core.ProfileStock, core.ProfileTuned} {
		list, err := ParseList(All(), "all:"+profile)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != len(All()) {
			t.Fatalf("%d of %d transports", len(list), len(All()))
		}
	}
}

// FuzzParseList checks that a label stands for the same choice.
func FuzzParseList(f *testing.F) {
	for _, s := range []string{"all", "plain,wire:mode=unary", "wire:stock:conns=4", "wire:conns=007", " wire : conns = 3 ", ",", "::="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		list, err := ParseList(table(), spec)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Fatalf("error of more than one line: %q", err)
			}
			return
		}
		for _, s := range list {
			again, err := ParseList(table(), s.Label)
			if err != nil || len(again) != 1 {
				t.Fatalf("label %q: %v", s.Label, err)
			}
			if d := cmp.Diff(s.Options.All(), again[0].Options.All()); d != "" || again[0].Label != s.Label {
				t.Fatalf("label %q became %q: %s", s.Label, again[0].Label, d)
			}
		}
	})
}
