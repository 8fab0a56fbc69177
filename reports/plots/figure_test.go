package plots

import (
	"image/color"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/palette"
	"github.com/raftbench/raftbench/reports/reportstest"
)

// everyFigure draws every picture of every specimen on a canvas that remembers.
func everyFigure(t *testing.T, check func(t *testing.T, name string, run *reports.Run, k *inkCanvas)) {
	t.Helper()
	for name, run := range specimens() {
		t.Run(name, func(t *testing.T) {
			for _, p := range all(run) {
				check(t, p.Name, run, inkOf(p.figure))
			}
		})
	}
}

// No word leaves the picture or lies on another.
func TestWordsAreReadable(t *testing.T) {
	everyFigure(t, func(t *testing.T, name string, _ *reports.Run, k *inkCanvas) {
		for i, w := range k.words {
			if strings.TrimSpace(w.text) == "" {
				continue
			}
			if w.box.Min.X < 0 || w.box.Min.Y < 0 || w.box.Max.X > k.width || w.box.Max.Y > k.height {
				t.Errorf("%s: %q at %v leaves the picture of %v x %v", name, w.text, w.box, k.width, k.height)
			}
			for _, other := range k.words[:i] {
				if strings.TrimSpace(other.text) != "" && overlap(w.box, other.box) {
					t.Errorf("%s: %q lies on %q", name, w.text, other.text)
				}
			}
		}
	})
}

// coloursOf are the colours of the run's arms.
func coloursOf(run *reports.Run) map[color.NRGBA]bool {
	colours := map[color.NRGBA]bool{}
	for _, s := range palette.Of(run) {
		colours[s.Colour] = true
	}
	return colours
}

// Legends, labels and titles cover no data, and no data covers them.
func TestDataAndWordsKeepApart(t *testing.T) {
	everyFigure(t, func(t *testing.T, name string, run *reports.Run, k *inkCanvas) {
		colours := coloursOf(run)
		marks := k.strokes
		if name != "stages" && name != "cost" { // words stand on bars on purpose
			marks = append(marks, k.fills...)
		}
		for _, m := range marks {
			opaque := m.colour
			opaque.A = 0xff
			if !colours[opaque] {
				continue
			}
			for _, w := range k.words {
				if strings.TrimSpace(w.text) != "" && crosses(m.points, w.box) {
					t.Errorf("%s: data in %v pass through %q", name, m.colour, w.text)
				}
			}
		}
	})
}

// The marker beside an arm's name has the arm's colour, in every picture of every
// run.
func TestColoursAreTheSameEverywhere(t *testing.T) {
	everyFigure(t, func(t *testing.T, name string, run *reports.Run, k *inkCanvas) {
		styles := palette.Of(run)
		for i := range run.Arms {
			for _, w := range k.words {
				if w.text != run.Arms[i].Label {
					continue
				}
				if got := colourLeftOf(k, w.box, coloursOf(run)); got != styles[i].Colour {
					t.Errorf("%s: the marker of %s is %v, want %v", name, w.text, got, styles[i].Colour)
				}
			}
		}
	})
}

// colourLeftOf is the colour of the arm's marker that ends the nearest before a box.
func colourLeftOf(k *inkCanvas, box vg.Rectangle, among map[color.NRGBA]bool) color.NRGBA {
	var nearest color.NRGBA
	end := vg.Length(0)
	for _, m := range k.fills {
		b := boxOf(m.points)
		middle := (b.Min.Y + b.Max.Y) / 2
		if among[m.colour] && b.Max.X <= box.Min.X && b.Max.X > end && middle > box.Min.Y-4 && middle < box.Max.Y+4 {
			nearest, end = m.colour, b.Max.X
		}
	}
	return nearest
}

// Every arm that was measured is named, and drawn among the data.
func TestEveryArmIsDrawnAndNamed(t *testing.T) {
	run := reportstest.Run(reportstest.Shapes(), 3)
	for _, p := range Of(run) {
		k := inkOf(p.figure)
		for i, s := range palette.Of(run) {
			n := 0
			for _, m := range append(k.strokes, k.fills...) {
				if m.colour == s.Colour {
					n++
				}
			}
			named := 0
			for _, w := range k.words {
				if w.text == run.Arms[i].Label {
					named++
				}
			}
			if n == 0 || named == 0 {
				t.Errorf("%s: %s is drawn with %d marks and named %d times", p.Name, run.Arms[i].Label, n, named)
			}
		}
	}
}

func words(k *inkCanvas) string {
	var all []string
	for _, w := range k.words {
		all = append(all, w.text)
	}
	return strings.Join(all, "\n")
}

// A picture says what it shows, of what load and on what machine, with units.
func TestPicturesExplainThemselves(t *testing.T) {
	want := map[string][]string{
		"latency":           {"response time (log scale)", "share of operations", "carries the percentile", "confidence"},
		"throughput":        {"(ops/s)", "start of the window (s)", "median of the replicates", "fault: node 1"},
		"latency-over-time": {"p99 response time", "p50 response time", "start of the window (s)", "election"},
		"stages":            {"dark line: response time", "(%)", "quorum", "Means add up"},
		"cost":              {"CPU/op (µs)", "wire/op (B)", "allocs/op", "syscalls/op", "idle cluster uses is subtracted"},
		"ecdf":              {"share of operations (%)", "response time (log scale)"},
	}
	for _, p := range Of(reportstest.Faulty(reportstest.Shapes()[1:], 3)) {
		text := words(inkOf(p.figure))
		for _, part := range append(want[p.Name], "AMD EPYC, 2 CPUs", "64 clients in a closed loop", "3 replicates of 3s", "v0.1.0") {
			if !strings.Contains(text, part) {
				t.Errorf("%s does not say %q:\n%s", p.Name, part, text)
			}
		}
	}
}

// More than fits is left out, and the picture says so.
func TestWhatIsLeftOutIsSaid(t *testing.T) {
	many := []reportstest.Shape{}
	for i := range 41 {
		s := reportstest.Shapes()[i%6]
		s.Label += strings.Repeat("x", i/6)
		many = append(many, s)
	}
	loads := reportstest.Run(nil, 1)
	for i := range 9 {
		part := reportstest.Run(reportstest.Shapes()[1:2], 1)
		part.Arms[0].Label += strings.Repeat("x", i)
		part.Arms[0].Workload.PayloadBytes = 1 << i
		loads.Arms = append(loads.Arms, part.Arms...)
	}
	for what, run := range map[string]*reports.Run{
		"the first 32 of 41 arms": reportstest.Run(many, 1), "3 further loads": loads, "22 further moments": manyEvents(),
	} {
		found := false
		for _, p := range Of(run) {
			found = found || strings.Contains(words(inkOf(p.figure)), what)
			if h := p.figure.height(); h > 40*vg.Inch {
				t.Errorf("%s is %v high", p.Name, h)
			}
		}
		if !found {
			t.Errorf("no picture says %q", what)
		}
	}
	few := fewOperations()
	if text := words(inkOf(latencyFigure(newScene(few)))); !strings.Contains(text, "rawtcp has no curve: 3 operations") {
		t.Errorf("the arm without a curve is not named:\n%s", text)
	}
}

// The bars of the stages have the whole width, and nothing is left empty below them, however
// few arms there are. Only stages that took time are named.
func TestStagesUseTheSpace(t *testing.T) {
	for _, n := range []int{1, 5} {
		f := stagesFigure(newScene(reportstest.Run(reportstest.Shapes()[1:1+n], 2)))
		k := inkOf(f)
		right, low := vg.Length(0), f.height()
		for _, m := range k.fills[1:] { // the first one is the paper
			right, low = max(right, boxOf(m.points).Max.X), min(low, boxOf(m.points).Min.Y)
		}
		if right < width-3*margin {
			t.Errorf("%d arms: the bars end at %v of %v", n, right, width)
		}
		if small := 2*margin + vg.Length(len(f.smallPrint()))*footerLine; low > small+0.5*vg.Inch {
			t.Errorf("%d arms: the bars end at %v, and the small print below them needs %v", n, low, small)
		}
		if text := words(k); strings.Contains(text, "linger") || !strings.Contains(text, "quorum") {
			t.Errorf("%d arms: the keys are of others than the stages that took time:\n%s", n, text)
		}
	}
}

// A long name is broken where an option begins, and shown whole.
func TestLongNamesAreShown(t *testing.T) {
	run := reportstest.Run(twelveLong(), 3)
	for _, p := range all(run) {
		text := strings.ReplaceAll(words(inkOf(p.figure)), "\n", "")
		for i := range run.Arms {
			whole := strings.ReplaceAll(run.Arms[i].Label, " ", "")
			if !strings.Contains(strings.ReplaceAll(text, " ", ""), whole) {
				t.Errorf("%s does not show %s", p.Name, run.Arms[i].Label)
			}
		}
		if strings.Contains(text, "…") {
			t.Errorf("%s has cut something", p.Name)
		}
	}
}

// Where marks look alike, comparisons have numbers.
func TestComparisonsCanBeToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		shapes []reportstest.Shape
		want   bool
	}{"two of a transport": {reportstest.Shapes(), false}, "three of each": {twelve(), true}} {
		run := reportstest.Run(c.shapes, 10)
		list := reports.CompareArms(run, &run.Arms[1])
		reports.Judge(list, reports.Criteria{})
		text := words(inkOf(compareFigure(list)))
		if got := strings.Contains(text, "\n3 ") && strings.Contains(text, "\n2\n"); got != c.want {
			t.Errorf("%s: numbers %v, want %v:\n%s", name, got, c.want, text)
		}
	}
}

func TestStagesThatDoNotAddUpAreCalledDoubtful(t *testing.T) {
	text := words(inkOf(stagesFigure(newScene(stagesOff()))))
	for _, part := range []string{"rawtcp: the stages add up to", "http: the stages add up to", "(sum -17 %)"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
	if strings.Contains(text, "netrpc: the stages") {
		t.Error("stages that add up are called doubtful")
	}
}
