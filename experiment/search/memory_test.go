package search

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/reports/disk"
)

var facts = []Fact{{"goal", "throughput"}, {"seed", "1"}}

func remember(t *testing.T, dir string, f ...Fact) *Memory {
	t.Helper()
	if f == nil {
		f = facts
	}
	m, err := Remember(disk.OS(), dir, f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// failAfter measures n trials and then fails.
func failAfter(n int, m Measurer) (Measurer, *int) {
	asked := new(int)
	return MeasureFunc(func(ctx context.Context, t Trial) (Outcome, error) {
		if *asked == n {
			return Outcome{}, context.Canceled
		}
		*asked++
		return m.Measure(ctx, t)
	}), asked
}

// bySeed has noise that the trial's seed alone decides, as a search that is resumed meets it.
func bySeed(f surface) Measurer {
	return MeasureFunc(func(ctx context.Context, t Trial) (Outcome, error) { return f.noisy(t.Seed, 0.02, 0.02)(ctx, t) })
}

// A search that is interrupted, again and again, finds in the end what one finds that is not;
// nothing is measured twice, not even what stood in the journal when its last record was torn.
func TestASearchIsResumed(t *testing.T) {
	c := config(mustGoal(t, "throughput"), 11)
	whole, err := Tune(context.Background(), c, bySeed(surfaces()[0]))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for remembered := 0; ; {
		m := remember(t, dir)
		if m.Trials() != remembered {
			t.Fatalf("%d trials are remembered, want %d", m.Trials(), remembered)
		}
		limited, asked := failAfter(20, bySeed(surfaces()[0]))
		r, err := Tune(context.Background(), c, m.Of("rawtcp", limited))
		if closing := m.Close(); closing != nil {
			t.Fatal(closing)
		}
		if err == nil {
			if diff := cmp.Diff(whole.Trials, r.Trials); diff != "" {
				t.Errorf("trials (-whole +resumed):\n%s", diff)
			}
			if r.Winner.Setting != whole.Winner.Setting {
				t.Errorf("the winner is %v, without interruption %v", r.Winner.Setting, whole.Winner.Setting)
			}
			return
		}
		if !errors.Is(err, context.Canceled) || *asked != 20 {
			t.Fatalf("%d trials, error %v", *asked, err)
		}
		remembered += *asked - 1
		tear(t, dir)
	}
}

// tear cuts the last record of the newest journal in half.
func tear(t *testing.T, dir string) {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, memoryFiles))
	if err != nil {
		t.Fatal(err)
	}
	last := list[len(list)-1]
	info, err := os.Stat(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(last, info.Size()-30); err != nil {
		t.Fatal(err)
	}
}

// What one transport did is not taken for another's.
func TestSubjectsAreKeptApart(t *testing.T) {
	m := remember(t, t.TempDir())
	trial := Trial{Seed: 1}
	answer := func(v float64) Measurer {
		return MeasureFunc(func(context.Context, Trial) (Outcome, error) { return Outcome{Values: map[string]float64{"v": v}}, nil })
	}
	for _, c := range []struct {
		subject string
		answer  float64
		want    float64
	}{{"rawtcp", 1, 1}, {"grpc", 2, 2}, {"rawtcp", 3, 1}} {
		o, err := m.Of(c.subject, answer(c.answer)).Measure(context.Background(), trial)
		if err != nil || o.Values["v"] != c.want {
			t.Errorf("%s: %v, %v; want %v", c.subject, o.Values, err, c.want)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
}

// A directory of another experiment is refused with the difference.
func TestAnotherExperiment(t *testing.T) {
	dir := t.TempDir()
	if err := remember(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	for want, other := range map[string][]Fact{
		`seed was "1" there and is "2"`:            {{"goal", "throughput"}, {"seed", "2"}},
		`seed was "1" there and is not known`:      {{"goal", "throughput"}},
		`nodes is "3" and was not known there`:     {{"goal", "throughput"}, {"seed", "1"}, {"nodes", "3"}},
		`goal was "throughput" there and is "p99"`: {{"goal", "p99"}, {"seed", "2"}},
	} {
		if _, err := Remember(disk.OS(), dir, other); err == nil || !strings.HasSuffix(err.Error(), "is of another experiment: "+want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
	if got, err := Facts(dir); err != nil || !cmp.Equal(got, facts) {
		t.Errorf("facts are %v, %v", got, err)
	}
}

func TestMemoriesThatCannotBeRead(t *testing.T) {
	if _, err := Facts(t.TempDir()); err == nil || !strings.Contains(err.Error(), "remembers no trials") {
		t.Errorf("an empty directory: %v", err)
	}
	dir := t.TempDir()
	m := remember(t, dir)
	if _, err := Facts(dir); err == nil || !strings.Contains(err.Error(), "still runs") {
		t.Errorf("a search that runs: %v", err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string]string{
		"does not begin with one": "nonsense\n",
		"not the trials":          "",
	} {
		if err := os.WriteFile(filepath.Join(dir, "trials-002.jsonl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Facts(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "trials-002.jsonl") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzParseMemory(f *testing.F) {
	dir := f.TempDir()
	m, err := Remember(disk.OS(), dir, facts)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := m.Of("rawtcp", surfaces()[0].noisy(1, 0, 0)).Measure(context.Background(), Trial{Setting: Setting{1 << 10, 0, 4, 0, ""}, Window: 1e9}); err != nil {
		f.Fatal(err)
	}
	if err := m.Close(); err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "trials-001.jsonl"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:len(text)-9])
	f.Fuzz(func(t *testing.T, text []byte) {
		_, known, err := parseMemory(text)
		for _, k := range known {
			if err == nil && k.Values == nil {
				t.Errorf("a trial without values: %+v", k)
			}
		}
	})
}
