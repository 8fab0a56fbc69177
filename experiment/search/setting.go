package search

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
)

// Setting is a point of a Space.
type Setting struct {
	BatchSize int           `json:"batch_size_bytes"` // Kafka: batch.size
	Linger    time.Duration `json:"linger_ns"`        // Kafka: linger.ms
	Pipeline  int           `json:"pipeline"`
	Conns     int           `json:"conns,omitempty"` // of the transport's pool; zero: as the transport has it

	// Policy of batching; empty: natural for a linger of zero, and else linger.
	Policy batch.Policy `json:"batch_policy,omitempty"`
}

// batching is the setting as core/batch has it.
func (s Setting) batching() batch.Config {
	return batch.Config{Policy: s.Policy, SizeBytes: s.BatchSize, Linger: s.Linger}.WithDefaults()
}

// Space is what Tune searches: every combination of the values. An axis of one value is
// held still.
type Space struct {
	BatchSizes []int // bytes
	Lingers    []time.Duration
	Pipelines  []int
	Conns      []int // empty: not an axis

	// Policies are combined with the lingers that they can have: linger with those above
	// zero, adaptive with all, natural and none with zero. Empty: not an axis.
	Policies []batch.Policy

	// Default is what a winner is compared with. It is measured even where it is no
	// combination of the values.
	Default Setting
}

// maxGrid bounds the combinations: at three seconds each, more would take an hour.
const maxGrid = 1000

// Validate says in a line what cannot be searched.
func (s *Space) Validate() error {
	for i, p := range s.Policies {
		if slices.Contains(s.Policies[:i], p) {
			return fmt.Errorf("--batch.policy gives %s twice", p)
		}
		if len(s.batchings(p)) == 0 {
			return fmt.Errorf("--batch.policy %s: none of the values of --linger goes with it: want %s among them", p, lingersOf(p))
		}
	}
	n := len(s.combinations())
	switch {
	case n == 0:
		return errors.New("the space is empty: every axis needs a value")
	case n == 1:
		return errors.New("one combination is nothing to search: want a range with two ends, such as --linger 0..5ms")
	case n > maxGrid:
		return fmt.Errorf("%d combinations: want at most %d", n, maxGrid)
	}
	return nil
}

// lingersOf says which lingers a policy can have.
func lingersOf(p batch.Policy) string {
	if p == batch.Linger {
		return "one above 0"
	}
	return "0"
}

// Grid lists all combinations, and the default.
func (s *Space) Grid() []Setting {
	list := s.combinations()
	if !slices.Contains(list, s.Default) {
		list = append(list, s.Default)
	}
	return list
}

func (s *Space) combinations() []Setting {
	var list []Setting
	for _, policy := range s.policies() {
		for _, b := range s.batchings(policy) {
			for _, depth := range s.Pipelines {
				for _, conns := range s.conns() {
					b.Pipeline, b.Conns = depth, conns
					list = append(list, b)
				}
			}
		}
	}
	return list
}

// batchings combines a policy with the sizes and lingers that mean something to it.
func (s *Space) batchings(p batch.Policy) []Setting {
	sizes := s.BatchSizes
	if p == batch.None { // an item alone has the size that it has
		sizes = sizes[:min(1, len(sizes))]
	}
	var list []Setting
	for _, size := range sizes {
		for _, linger := range s.Lingers {
			if v := (Setting{BatchSize: size, Linger: linger, Policy: p}); v.batching().Validate() == nil {
				list = append(list, v)
			}
		}
	}
	return list
}

func (s *Space) policies() []batch.Policy {
	if len(s.Policies) == 0 {
		return []batch.Policy{s.Default.Policy}
	}
	return s.Policies
}

func (s *Space) conns() []int {
	if len(s.Conns) == 0 {
		return []int{s.Default.Conns}
	}
	return s.Conns
}

// Label names a setting by what may differ in the space.
func (s *Space) Label(v Setting) string {
	parts := []string{"batch.size=" + core.FormatSize(v.BatchSize), "linger=" + v.Linger.String()}
	if len(s.Policies) > 1 {
		parts = append(parts, "batch.policy="+string(v.Policy))
	}
	if len(s.Pipelines) > 1 {
		parts = append(parts, fmt.Sprintf("pipeline=%d", v.Pipeline))
	}
	if len(s.Conns) > 1 {
		parts = append(parts, fmt.Sprintf("conns=%d", v.Conns))
	}
	return strings.Join(parts, " ")
}

// Around lists the settings half a step of the grid away from v, along one axis each. Those
// of one axis lie on either side of v. There is nothing between policies.
func (s *Space) Around(v Setting) []Setting {
	var list []Setting
	for _, size := range between(s.BatchSizes, v.BatchSize, 128) {
		n := v
		n.BatchSize = size
		list = append(list, n)
	}
	for _, linger := range between(s.Lingers, v.Linger, 10*time.Microsecond) {
		n := v
		n.Linger = linger
		list = append(list, n)
	}
	for _, depth := range between(s.Pipelines, v.Pipeline, 1) {
		n := v
		n.Pipeline = depth
		list = append(list, n)
	}
	for _, conns := range between(s.Conns, v.Conns, 1) {
		n := v
		n.Conns = conns
		list = append(list, n)
	}
	return slices.DeleteFunc(list, func(n Setting) bool {
		return n.batching().Validate() != nil || n.Policy == batch.None && n.BatchSize != v.BatchSize
	})
}

// between returns the middles, on a logarithmic scale and rounded to whole units, of v and
// the values next to it. Zero has no logarithm: the middle of it and x is x/2.
func between[T int | time.Duration](values []T, v, unit T) []T {
	sorted := slices.Sorted(slices.Values(values))
	i, found := slices.BinarySearch(sorted, v)
	if !found {
		return nil
	}
	var list []T
	add := func(a, b T) {
		middle := T(math.Sqrt(float64(a)) * math.Sqrt(float64(b)))
		if a == 0 {
			middle = b / 2
		}
		if middle >= 4*unit { // below, rounding would move it far
			middle = (middle + unit/2) / unit * unit
		}
		if middle > a && middle < b {
			list = append(list, middle)
		}
	}
	if i > 0 {
		add(sorted[i-1], v)
	}
	if i+1 < len(sorted) {
		add(v, sorted[i+1])
	}
	return list
}
