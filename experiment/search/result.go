package search

import (
	"cmp"
	"slices"
	"time"
)

// result works out what the trials so far say.
func (t *tuner) result() *Result {
	b := &t.board
	r := &Result{Trials: b.trials}
	r.Searched, r.Grid = took(b.trials)
	searched := func(m *Measured) bool { return m.Stage != stageGrid }
	r.Standings = b.stand(b.tried(), searched)
	r.Pareto = b.pareto(r.Standings)
	r.Finalists = b.sort(b.stand(t.finalists, inFinal), 0)
	t.crown(r)
	grid := b.sort(b.stand(t.Space.Grid(), func(m *Measured) bool { return m.Stage == stageGrid }), 0)
	if len(grid) > 0 {
		r.GridBest = &grid[0]
	}
	return r
}

// took sums up what the trials of the search and those of the full grid took.
func took(trials []Measured) (search, grid time.Duration) {
	for i := range trials {
		if trials[i].Stage == stageGrid {
			grid += trials[i].Took
		} else {
			search += trials[i].Took
		}
	}
	return search, grid
}

// crown names the winner and what cannot be told from it. The finalists were tried in
// turns, so only those trials say which of them is best: what came before chose them, and
// what is chosen for a high value tends to have had luck.
func (t *tuner) crown(r *Result) {
	b := &t.board
	order := r.Finalists
	if len(order) == 0 {
		order = b.sort(r.Standings, 0) // the search did not come to its end
	}
	if len(order) == 0 {
		return
	}
	r.Met = b.excess(&order[0], 0) == 0
	r.Winner = standingOf(r.Standings, order[0].Setting)
	if !r.Met {
		return
	}
	for i := range r.Standings {
		s := &r.Standings[i]
		if s == r.Winner || s.Ranked > 0 && b.excess(s, 0) == 0 && !b.apart(r.Winner, s) {
			r.Alike = append(r.Alike, *s)
		}
	}
	slices.SortStableFunc(r.Alike, func(x, y Standing) int {
		return cmp.Or(
			cmp.Compare(x.Setting.Linger, y.Setting.Linger),
			cmp.Compare(x.Setting.BatchSize, y.Setting.BatchSize),
			cmp.Compare(x.Setting.Pipeline, y.Setting.Pipeline),
			cmp.Compare(x.Setting.Conns, y.Setting.Conns),
			cmp.Compare(x.Setting.Policy, y.Setting.Policy),
		)
	})
}

func standingOf(list []Standing, s Setting) *Standing {
	i := slices.IndexFunc(list, func(st Standing) bool { return st.Setting == s })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// Of returns the standing of a setting, or nil.
func (r *Result) Of(s Setting) *Standing { return standingOf(r.Standings, s) }
