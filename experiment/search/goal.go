package search

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/raftbench/raftbench/reports"
)

// Goal is what Tune is to find: the best value of a metric, at a rate or in the loop that
// the experiment says, among the settings that keep to some limits.
type Goal struct {
	Text   string
	Metric reports.Metric
	Rate   float64        // operations per second of an open loop; zero: as the experiment says
	Where  []reports.Gate // thresholds; all of them must hold
}

const goalForm = "want METRIC, METRIC at RATE, or either with where METRIC<LIMIT, such as throughput where p99<5ms, or p99 at 20k/s"

// ParseGoal reads a goal. The error says in a line what is wrong and what is allowed.
func ParseGoal(text string) (Goal, error) {
	g := Goal{Text: strings.Join(strings.Fields(text), " ")}
	words := strings.Fields(text)
	var where string
	if i := slices.Index(words, "where"); i >= 0 {
		where = strings.Join(words[i+1:], " ")
		words = words[:i]
		if where == "" {
			return Goal{}, fmt.Errorf("--goal %q: nothing follows where: %s", g.Text, goalForm)
		}
	}
	if i := slices.Index(words, "at"); i >= 0 {
		rate, err := parseRate(strings.Join(words[i+1:], ""))
		if err != nil {
			return Goal{}, fmt.Errorf("--goal %q: %w", g.Text, err)
		}
		g.Rate, words = rate, words[:i]
	}
	if len(words) == 0 {
		return Goal{}, fmt.Errorf("--goal %q: it names no metric: %s", g.Text, goalForm)
	}
	var err error
	if g.Metric, err = reports.MetricNamed(strings.Join(words, " ")); err == nil {
		err = g.sensible()
	}
	if err == nil && where != "" {
		g.Where, err = ParseLimits(where)
	}
	if err != nil {
		return Goal{}, fmt.Errorf("--goal %q: %w", g.Text, err)
	}
	return g, nil
}

func (g *Goal) sensible() error {
	switch {
	case g.Metric.Unit == reports.FailureShare().Unit:
		return fmt.Errorf("%s are no goal, but may be a limit: throughput where errors<0.1%%", g.Metric.Title)
	case g.Rate > 0 && g.Metric.Name == reports.Throughput().Name:
		return errors.New("at a given rate the throughput is that rate: want another metric, such as p99 at 20k/s")
	}
	return nil
}

// ParseLimits reads thresholds that are joined by commas or by the word and.
func ParseLimits(text string) ([]reports.Gate, error) {
	var list []reports.Gate
	for part := range strings.SplitSeq(strings.ReplaceAll(text, " and ", ","), ",") {
		limit, err := reports.ParseThreshold(part)
		if err != nil {
			return nil, err
		}
		list = append(list, limit)
	}
	return list, nil
}

// parseRate reads "20k/s" as the limit of a throughput is read.
func parseRate(text string) (float64, error) {
	g, err := reports.ParseThreshold("throughput>" + text)
	if err != nil || g.Limit <= 0 || g.Limit > 1e9 {
		return 0, fmt.Errorf("%q is not a rate: want operations per second from above 0 to 1000M, such as 500, 5k/s or 1.5M/s", text)
	}
	return g.Limit, nil
}

// Metrics are those that a trial must have to be ranked, each once.
func (g *Goal) Metrics() []reports.Metric {
	list := []reports.Metric{g.Metric}
	for _, w := range g.Where {
		if !slices.ContainsFunc(list, func(m reports.Metric) bool { return m.Name == w.Metric.Name }) {
			list = append(list, w.Metric)
		}
	}
	return list
}

// ranks reports whether a trial may be ranked: it is valid and has what the goal asks for.
func (g *Goal) ranks(o *Outcome) bool {
	if !o.Valid {
		return false
	}
	for _, m := range g.Metrics() {
		if _, ok := o.Values[m.Name]; !ok {
			return false
		}
	}
	return true
}
