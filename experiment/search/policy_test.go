package search

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/reports"
)

const ms = time.Millisecond

// policySpace has every policy, two sizes and two lingers.
func policySpace() Space {
	return Space{
		BatchSizes: []int{1 << 10, 4 << 10}, Lingers: []time.Duration{0, ms}, Pipelines: []int{4}, Policies: batch.Policies(),
		Default: Setting{4 << 10, 0, 4, 0, batch.Natural},
	}
}

// A policy is combined with what means something to it, and nothing is measured twice under
// two names.
func TestPoliciesAreCombinedWithWhatTheyUse(t *testing.T) {
	s := policySpace()
	want := []Setting{
		{1 << 10, 0, 4, 0, batch.None},
		{1 << 10, 0, 4, 0, batch.Natural}, {4 << 10, 0, 4, 0, batch.Natural},
		{1 << 10, ms, 4, 0, batch.Linger}, {4 << 10, ms, 4, 0, batch.Linger},
		{1 << 10, 0, 4, 0, batch.Adaptive}, {1 << 10, ms, 4, 0, batch.Adaptive},
		{4 << 10, 0, 4, 0, batch.Adaptive}, {4 << 10, ms, 4, 0, batch.Adaptive},
	}
	if d := cmp.Diff(want, s.Grid()); d != "" {
		t.Errorf("grid (-want +got):\n%s", d)
	}
	for _, v := range want {
		for _, n := range s.Around(v) {
			if err := n.batching().Validate(); err != nil || n.Policy != v.Policy || v.Policy == batch.None {
				t.Errorf("around %v: %v, %v", v, n, err)
			}
		}
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
}

func TestPoliciesThatCannotBeSearched(t *testing.T) {
	for want, change := range map[string]func(*Space){
		"--batch.policy gives natural twice":                               func(s *Space) { s.Policies = []batch.Policy{batch.Natural, batch.Natural} },
		"--batch.policy linger: none of the values of --linger goes with":  func(s *Space) { s.Lingers = []time.Duration{0} },
		"--batch.policy none: none of the values of --linger goes with it": func(s *Space) { s.Lingers = []time.Duration{ms} },
		"one combination is nothing to search":                             func(s *Space) { s.Policies, s.Lingers = []batch.Policy{batch.None}, []time.Duration{0} },
	} {
		s := policySpace()
		change(&s)
		if err := s.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

// One policy is better than the others, the default among them: it is found, has a panel of
// its own, and is pasted, kept and tabled by its name.
func TestTheBestPolicyIsFound(t *testing.T) {
	c := config(mustGoal(t, "throughput"), 5)
	c.Space.Policies = []batch.Policy{batch.Natural, batch.Linger, batch.Adaptive}
	c.Space.Default.Policy = batch.Natural
	r, err := Tune(context.Background(), c, MeasureFunc(func(ctx context.Context, t Trial) (Outcome, error) {
		o, err := surfaces()[0].noisy(t.Seed, 0.005, 0.005)(ctx, Trial{Setting: Setting{BatchSize: 16 << 10, Pipeline: 4}, Window: t.Window})
		if t.Setting.Policy == batch.Adaptive {
			o.Values[reports.Throughput().Name] *= 1.3
		}
		return o, err
	}))
	if err != nil {
		t.Fatal(err)
	}
	if r.Winner.Setting.Policy != batch.Adaptive {
		t.Fatalf("the winner is %+v", r.Winner.Setting)
	}
	for _, s := range r.Alike {
		if s.Setting.Policy != batch.Adaptive {
			t.Errorf("%+v is called alike", s.Setting)
		}
	}
	if flags := c.Space.Flags(r.Winner.Setting); !strings.Contains(flags, "--batch.policy adaptive") {
		t.Errorf("flags to paste: %s", flags)
	}
	if label := c.Space.Label(r.Winner.Setting); !strings.Contains(label, "batch.policy=adaptive") {
		t.Errorf("label: %s", label)
	}
	a := Advice{Subject: "rawtcp", Config: &c, Result: r}
	var panels []string
	for _, p := range a.Map(reports.Throughput(), "here").Panels {
		panels = append(panels, p.Title)
		last := len(p.ColumnNames) - 1
		natural := strings.Contains(p.Title, "natural")
		if p.ColumnNames[0] != "0s" || p.ColumnNames[last] != "5ms" || p.Cells[0][last].Measured == natural {
			t.Errorf("%s has the columns %v and the row %v", p.Title, p.ColumnNames, p.Cells[0])
		}
	}
	if d := cmp.Diff([]string{"rawtcp, policy natural", "rawtcp, policy linger", "rawtcp, policy adaptive"}, panels); d != "" {
		t.Errorf("panels (-want +got):\n%s", d)
	}
	var table strings.Builder
	if err := WriteTrials(&table, r.Trials); err != nil || !strings.Contains(table.String(), ",adaptive,4,") || !strings.Contains(table.String(), ",natural,4,") {
		t.Errorf("no policies among the trials: %v", err)
	}
}

// What was remembered before there was a choice of policies still means what it did.
func TestSettingsAreRememberedWithTheirPolicy(t *testing.T) {
	for text, want := range map[string]Setting{
		`{"batch_size_bytes":1024,"linger_ns":0,"pipeline":4}`:                           {1 << 10, 0, 4, 0, ""},
		`{"batch_size_bytes":1024,"linger_ns":0,"pipeline":4,"batch_policy":"adaptive"}`: {1 << 10, 0, 4, 0, batch.Adaptive},
	} {
		var got Setting
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s is read as %+v, %v", text, got, err)
		}
		if data, err := json.Marshal(want); err != nil || string(data) != text {
			t.Errorf("%+v is written as %s, %v", want, data, err)
		}
	}
}

// The policy of a setting is that of the cluster.
func TestThePolicyReachesTheCluster(t *testing.T) {
	space := policySpace()
	for _, v := range space.Grid() {
		s, err := cluster(t).SettingsOf(v, "one")
		if err != nil {
			t.Fatal(err)
		}
		once(s, time.Second)
		p, err := s.Plan()
		if err != nil {
			t.Fatalf("%v: %v", v, err)
		}
		if got := p.Arms[0].Batch; got.Policy != v.Policy || got.Linger != v.Linger || got.SizeBytes != v.BatchSize {
			t.Errorf("%v becomes %+v", v, got)
		}
	}
}
