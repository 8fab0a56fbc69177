package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/raftbench/raftbench/core"
)

// span is a flag of values to search: a range "1KiB..256KiB" of which round steps are taken,
// a list, or one value that is held still.
type span[T cmp.Ordered] struct {
	values *[]T
	parse  func(string) (T, error)
	steps  func(low, high T) []T
	text   string
}

func newSpan[T cmp.Ordered](values *[]T, text string, parse func(string) (T, error), steps func(low, high T) []T) *span[T] {
	s := &span[T]{values: values, parse: parse, steps: steps}
	if text != "" {
		if err := s.Set(text); err != nil {
			panic(err) // a default that its own flag refuses
		}
	}
	return s
}

// Set implements pflag.Value.
func (s *span[T]) Set(text string) error {
	var values []T
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(part, "..")
		low, err := s.parse(strings.TrimSpace(from))
		if err != nil {
			return err
		}
		if !isRange {
			values = append(values, low)
			continue
		}
		high, err := s.parse(strings.TrimSpace(to))
		switch {
		case err != nil:
			return err
		case low == high:
			return fmt.Errorf("%s is a range of one point: want two ends, or %s alone to hold it still", part, strings.TrimSpace(from))
		case low > high:
			return fmt.Errorf("%s ends before it begins: want %s..%s", part, strings.TrimSpace(to), strings.TrimSpace(from))
		}
		values = append(values, s.steps(low, high)...)
	}
	slices.Sort(values)
	for i := range values[1:] {
		if values[i] == values[i+1] {
			return fmt.Errorf("%s gives %v twice", text, values[i])
		}
	}
	*s.values, s.text = values, text
	return nil
}

// String implements pflag.Value.
func (s *span[T]) String() string { return s.text }

// Type implements pflag.Value.
func (s *span[T]) Type() string { return "range" }

// multiples are low, each factor times the one before, and high.
func multiples(factor int) func(low, high int) []int {
	return func(low, high int) []int {
		var list []int
		for v := low; v < high; v *= factor {
			list = append(list, v)
		}
		return append(list, high)
	}
}

// firstLinger is the shortest linger above zero of a range from zero: shorter ones are of the
// size of a round trip, and natural batching waits for that anyway.
const firstLinger = 100 * time.Microsecond

// lingerSteps are low, what lies between of 1, 2 and 5 times the powers of ten, and high.
func lingerSteps(low, high time.Duration) []time.Duration {
	list := []time.Duration{low}
	for decade := firstLinger; decade < high; decade *= 10 {
		for _, v := range []time.Duration{decade, 2 * decade, 5 * decade} {
			if v > low && v < high {
				list = append(list, v)
			}
		}
	}
	return append(list, high)
}

// parsePositiveSize is parseSize without zero.
func parsePositiveSize(s string) (int, error) {
	n, err := core.ParseSize(s)
	if err == nil && n < 1 {
		err = fmt.Errorf("%q: want at least one byte", s)
	}
	return n, err
}
