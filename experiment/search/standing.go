package search

import (
	"cmp"
	"math"
	"slices"

	"github.com/raftbench/raftbench/reports"
)

// Estimate is what is known of one metric of a setting.
type Estimate struct {
	Value float64 // mean of the trials on a logarithmic scale, each weighted by its window
	Error float64 // standard error of its logarithm
}

// Standing is what is known of a setting.
type Standing struct {
	Setting  Setting
	Ranked   int // trials that are valid and carry the goal
	Unranked int
	Values   map[string]Estimate // by metric; without ranked trials those of the others, to be shown
}

// board keeps the trials of a search and says how the settings stand.
type board struct {
	goal   *Goal
	margin float64 // as a logarithm: less is no difference
	trials []Measured
}

// tried lists the settings that the search has tried, in their order; those of the full grid
// alone are not among them.
func (b *board) tried() []Setting {
	var list []Setting
	for i := range b.trials {
		if t := &b.trials[i]; t.Stage != stageGrid && !slices.Contains(list, t.Setting) {
			list = append(list, t.Setting)
		}
	}
	return list
}

// smallest stands in for zero, which has no logarithm: an error share may be zero.
const smallest = 1e-12

func logOf(v float64) float64 { return math.Log(max(v, smallest)) }

// priorTrials is how many trials the assumption that equal trials differ by the margin is
// worth, against what they are seen to differ by. Two settings tried twice say nothing.
const priorTrials = 4

// stand works out the standings of the settings from the trials that are wanted.
func (b *board) stand(list []Setting, wanted func(*Measured) bool) []Standing {
	by := map[Setting][]*Measured{}
	for i := range b.trials {
		if t := &b.trials[i]; wanted == nil || wanted(t) {
			by[t.Setting] = append(by[t.Setting], t)
		}
	}
	noise := b.noise(by)
	var out []Standing
	for _, s := range list {
		st := Standing{Setting: s, Values: map[string]Estimate{}}
		ranked := b.ranked(by[s])
		st.Ranked, st.Unranked = len(ranked), len(by[s])-len(ranked)
		if st.Ranked == 0 {
			ranked = by[s]
		}
		for name := range names(ranked) {
			mean, _, weight, _ := spread(ranked, name)
			st.Values[name] = Estimate{math.Exp(mean), math.Sqrt(noise(name) / weight)}
		}
		out = append(out, st)
	}
	return out
}

func names(trials []*Measured) map[string]bool {
	all := map[string]bool{}
	for _, t := range trials {
		for name := range t.Values {
			all[name] = true
		}
	}
	return all
}

func (b *board) ranked(trials []*Measured) []*Measured {
	var list []*Measured
	for _, t := range trials {
		if b.goal.ranks(&t.Outcome) {
			list = append(list, t)
		}
	}
	return list
}

// spread is the mean of a metric's logarithm, the weighted sum of squares around it, the
// sum of the weights (seconds) and the number of trials.
func spread(trials []*Measured, metric string) (mean, squares, weight float64, n int) {
	for _, t := range trials {
		if v, ok := t.Values[metric]; ok {
			w := t.Window.Seconds()
			mean, weight, n = mean+w*logOf(v), weight+w, n+1
		}
	}
	mean /= max(weight, smallest)
	for _, t := range trials {
		if v, ok := t.Values[metric]; ok {
			d := logOf(v) - mean
			squares += t.Window.Seconds() * d * d
		}
	}
	return mean, squares, weight, n
}

// noise returns the variance of a metric's logarithm in a window of a second, pooled over
// all settings that were tried more than once.
func (b *board) noise(by map[Setting][]*Measured) func(metric string) float64 {
	longest := 0.0
	for i := range b.trials {
		longest = max(longest, b.trials[i].Window.Seconds())
	}
	known := map[string]float64{}
	return func(metric string) float64 {
		if v, ok := known[metric]; ok {
			return v
		}
		squares, freedom := priorTrials*longest*b.margin*b.margin, float64(priorTrials)
		for _, trials := range by {
			if _, sum, _, n := spread(b.ranked(trials), metric); n > 1 {
				squares, freedom = squares+sum, freedom+float64(n-1)
			}
		}
		known[metric] = squares / freedom
		return known[metric]
	}
}

// gain is how good a standing is in the goal's metric, as a logarithm.
func (b *board) gain(s *Standing) float64 {
	v := logOf(s.Values[b.goal.Metric.Name].Value)
	if b.goal.Metric.HigherIsBetter {
		return v
	}
	return -v
}

// excess is by how much a standing misses the limits, as a logarithm; zero: it meets them.
// Doubt is in standard errors: positive ones decide in favour of the setting.
func (b *board) excess(s *Standing, doubt float64) float64 {
	sum := 0.0
	for _, w := range b.goal.Where {
		e := s.Values[w.Metric.Name]
		over := logOf(e.Value) - logOf(w.Limit)
		if w.Above {
			over = -over
		}
		sum += max(0, over-doubt*e.Error)
	}
	return sum
}

// inFavour is how many standard errors a doubt is worth while there is time to find out.
const inFavour = 1.64

// sort puts the ranked standings into order, the best first: those that meet the limits by
// what they gain, then the others by how little they miss them (the feasibility rule of Deb,
// An efficient constraint handling method for genetic algorithms, 2000). The others
// are left out.
func (b *board) sort(list []Standing, doubt float64) []Standing {
	ranked := slices.DeleteFunc(slices.Clone(list), func(s Standing) bool { return s.Ranked == 0 })
	slices.SortStableFunc(ranked, func(x, y Standing) int {
		if c := cmp.Compare(b.excess(&x, doubt), b.excess(&y, doubt)); c != 0 {
			return c
		}
		return cmp.Compare(b.gain(&y), b.gain(&x))
	})
	return ranked
}

// beyondDoubt is how many standard errors keep what met a limit by luck out: among a hundred
// settings there is one that had two.
const beyondDoubt = 3

// best returns the n best settings of a list. The second place is kept for the best of those
// that meet the limits beyond doubt: where a latency runs up a cliff, all that gain most may
// turn out to lie over the edge.
func (b *board) best(list []Setting, n int) []Setting {
	standings := b.stand(list, nil)
	var out []Setting
	for _, s := range b.sort(standings, inFavour) {
		out = append(out, s.Setting)
	}
	if safe := b.sort(standings, -beyondDoubt); len(safe) > 0 && b.excess(&safe[0], -beyondDoubt) == 0 {
		if i := slices.Index(out, safe[0].Setting); i > 1 {
			out = slices.Insert(slices.Delete(out, i, i+1), 1, safe[0].Setting)
		}
	}
	return out[:min(n, len(out))]
}

// apart reports whether two standings can be told apart in the goal's metric: by more than
// the margin, and by more than two standard errors.
func (b *board) apart(x, y *Standing) bool {
	ex, ey := x.Values[b.goal.Metric.Name].Error, y.Values[b.goal.Metric.Name].Error
	return math.Abs(b.gain(x)-b.gain(y)) > max(b.margin, 2*math.Hypot(ex, ey))
}

// pareto are the ranked standings that no other beats in throughput and in p99 at once, by
// throughput.
func (b *board) pareto(list []Standing) []Standing {
	speed, tail := reports.Throughput().Name, reports.Latency(0.99).Name
	has := slices.DeleteFunc(slices.Clone(list), func(s Standing) bool {
		_, ok := s.Values[tail]
		return s.Ranked == 0 || !ok
	})
	slices.SortStableFunc(has, func(x, y Standing) int { return cmp.Compare(y.Values[speed].Value, x.Values[speed].Value) })
	var front []Standing
	lowest := math.Inf(1)
	for _, s := range has {
		if v := s.Values[tail].Value; v < lowest {
			lowest = v
			front = append(front, s)
		}
	}
	slices.Reverse(front)
	return front
}
