package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/workloads"
)

// list is a flag that takes one or more values, separated by commas. Setting it
// replaces what it held.
type list[T any] struct {
	values *[]T
	kind   string // for the help
	parse  func(string) (T, error)
	text   string
}

func newList[T any](values *[]T, kind, text string, parse func(string) (T, error)) *list[T] {
	l := &list[T]{values: values, kind: kind, parse: parse}
	if text != "" {
		if err := l.Set(text); err != nil {
			panic(err) // a default that its own flag refuses
		}
	}
	return l
}

// Set implements pflag.Value.
func (l *list[T]) Set(text string) error {
	var values []T
	for part := range strings.SplitSeq(text, ",") {
		v, err := l.parse(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		values = append(values, v)
	}
	*l.values, l.text = values, text
	return nil
}

// String implements pflag.Value.
func (l *list[T]) String() string { return l.text }

// Type implements pflag.Value.
func (l *list[T]) Type() string { return l.kind }

func parseCount(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is not a count: want a whole number from 1", s)
	}
	return n, nil
}

// parseLimit reads a count of which zero means that there is none.
func parseLimit(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a limit: want a whole number from 1, or 0 for none", s)
	}
	return n, nil
}

// parseSessions reads how many sessions there are.
func parseSessions(s string) (int, error) {
	if s == off {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > session.MaxSessions {
		return 0, fmt.Errorf("%q is no number of sessions: want 1 to %d, or off", s, session.MaxSessions)
	}
	return n, nil
}

// parseRate reads operations per second: "500", "5k", "1.5M".
func parseRate(s string) (float64, error) {
	digits, factor := s, 1.0
	switch {
	case strings.HasSuffix(s, "k"):
		digits, factor = strings.TrimSuffix(s, "k"), 1e3
	case strings.HasSuffix(s, "M"):
		digits, factor = strings.TrimSuffix(s, "M"), 1e6
	}
	r, err := strconv.ParseFloat(digits, 64)
	if err != nil || !(r > 0 && r*factor <= 1e9) {
		return 0, fmt.Errorf("%q is not a rate: want operations per second from above 0 to 1000M, such as 500, 5k or 1.5M", s)
	}
	return r * factor, nil
}

// parseDuration reads a time from zero: "5ms", "0".
func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration: want 0 or more with a unit, such as 500us, 5ms, 10s or 2m", s)
	}
	return d, nil
}

func parseSize(s string) (int, error) { return core.ParseSize(s) }

// sizeValue is a flag of one size in bytes.
type sizeValue struct {
	value *int
	off   bool // "off" stands for -1, which is no bound
}

// Set implements pflag.Value.
func (v sizeValue) Set(s string) error {
	if v.off && s == off {
		*v.value = -1
		return nil
	}
	n, err := parseSize(s)
	switch {
	case v.off && err != nil:
		return fmt.Errorf("%w, or %s", err, off)
	case v.off && n == 0:
		return fmt.Errorf("%q would let nothing through: want more, or %s for no bound", s, off)
	}
	if err == nil {
		*v.value = n
	}
	return err
}

func (v sizeValue) String() string {
	switch {
	case v.value == nil:
		return ""
	case *v.value < 0:
		return off
	}
	return core.FormatSize(*v.value)
}

// Type implements pflag.Value.
func (sizeValue) Type() string { return "size" }

// durationValue is a flag of one duration.
type durationValue struct {
	value *time.Duration
	auto  bool // "auto" stands for experiment.WarmupAuto and experiment.SliceAuto, which are the same
}

// Set implements pflag.Value.
func (v durationValue) Set(s string) error {
	if v.auto && s == "auto" {
		*v.value = experiment.WarmupAuto
		return nil
	}
	d, err := parseDuration(s)
	if err != nil && v.auto {
		return fmt.Errorf("%w, or auto", err)
	}
	if err == nil {
		*v.value = d
	}
	return err
}

// String implements pflag.Value.
func (v durationValue) String() string {
	if *v.value == experiment.WarmupAuto {
		return "auto"
	}
	return v.value.String()
}

// Type implements pflag.Value.
func (v durationValue) Type() string { return "duration" }

// stagesValue is a flag of the stages of an open loop.
type stagesValue struct{ value *workloads.Stages }

// Set implements pflag.Value.
func (v stagesValue) Set(s string) error {
	stages, err := workloads.ParseStages(s)
	if err == nil {
		*v.value = stages
	}
	return err
}

// String implements pflag.Value.
func (v stagesValue) String() string { return v.value.String() }

// Type implements pflag.Value.
func (v stagesValue) Type() string { return "stages" }

// percentValue is a flag of a whole number of percent, from 1.
type percentValue struct{ value *int }

// Set implements pflag.Value.
func (v percentValue) Set(s string) error {
	n, err := strconv.Atoi(strings.TrimSuffix(s, "%"))
	if err != nil || n < 1 || n > 10_000 {
		return fmt.Errorf("%q is not a whole percentage from 1%% to 10000%%", s)
	}
	*v.value = n
	return nil
}

// String implements pflag.Value.
func (v percentValue) String() string { return fmt.Sprintf("%d%%", *v.value) }

// Type implements pflag.Value.
func (v percentValue) Type() string { return "percent" }
