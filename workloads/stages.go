package workloads

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Stage is a stretch of a schedule: a step if From and To are equal, otherwise a
// linear ramp. Rates are in operations per second, of all workers together.
type Stage struct {
	Duration time.Duration // zero, in the last stage only: without end
	From, To float64
}

// Stages are the stretches of a schedule, one after the other.
type Stages []Stage

// ParseStages reads stages separated by commas: a duration, a colon, and
// a rate in operations per second or, for a ramp, two with two dots between them.
// Rates may end in k for thousands or M for millions: "10s:1k,20s:5k" is two
// steps, "10s:1k..5k" a ramp. What String writes comes back unchanged. The stages
// have an end and make a valid Schedule.
func ParseStages(text string) (Stages, error) {
	var stages Stages
	for part := range strings.SplitSeq(text, ",") {
		stage, err := parseStage(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("stage %q: %w", part, err)
		}
		stages = append(stages, stage)
		if len(stages) > MaxStages {
			break // validate says so
		}
	}
	if err := (Schedule{Stages: stages}).validate(); err != nil {
		return nil, err
	}
	return stages, nil
}

func parseStage(text string) (Stage, error) {
	length, rates, ok := strings.Cut(text, ":")
	if !ok {
		return Stage{}, errors.New("want DURATION:RATE or DURATION:RATE..RATE, as in 10s:1k or 10s:1k..5k")
	}
	d, err := time.ParseDuration(length)
	if err != nil {
		return Stage{}, fmt.Errorf("duration %q: want a number with a unit, as in 10s or 500ms", length)
	}
	if d <= 0 {
		return Stage{}, fmt.Errorf("duration %v: want a positive time", d)
	}
	from, to, ramp := strings.Cut(rates, "..")
	stage := Stage{Duration: d}
	if stage.From, err = parseRate(from); err != nil {
		return Stage{}, err
	}
	if stage.To = stage.From; ramp {
		stage.To, err = parseRate(to)
	}
	return stage, err
}

// parseRate reads a number of operations per second.
func parseRate(text string) (float64, error) {
	digits, exponent := text, ""
	if n := len(text); n > 0 {
		switch text[n-1] {
		case 'k':
			digits, exponent = text[:n-1], "e3"
		case 'M':
			digits, exponent = text[:n-1], "e6"
		}
	}
	// Digits and one point, and nothing else that ParseFloat takes. The exponent is
	// left to it, so that 1.1k is 1100 and not a little more.
	rate, err := strconv.ParseFloat(digits+exponent, 64)
	if err != nil || strings.Trim(digits, "0123456789.") != "" {
		return 0, fmt.Errorf("rate %q: want operations per second, as in 500, 1.5k or 2M", text)
	}
	return rate, nil
}

// String writes the stages as ParseStages reads them. A stage without end is
// its rate alone, which ParseStages does not take.
func (s Stages) String() string {
	parts := make([]string, len(s))
	for i, g := range s {
		parts[i] = g.String()
	}
	return strings.Join(parts, ",")
}

func (g Stage) String() string {
	text := formatRate(g.From)
	if g.From != g.To {
		text += ".." + formatRate(g.To)
	}
	if g.Duration > 0 {
		return formatDuration(g.Duration) + ":" + text
	}
	return text
}

func formatRate(rate float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e6, "M"}, {1e3, "k"}} {
		if n := rate / unit.size; n >= 1 && n == float64(int64(n)) {
			return strconv.FormatFloat(n, 'f', -1, 64) + unit.name
		}
	}
	return strconv.FormatFloat(rate, 'f', -1, 64)
}

// formatDuration leaves out the zero seconds and minutes that Duration writes.
func formatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// Duration is the length of all stages together. It reports false if the last one
// has no end.
func (s Stages) Duration() (time.Duration, bool) {
	if len(s) == 0 || s[len(s)-1].Duration == 0 {
		return 0, false
	}
	sum := time.Duration(0)
	for _, g := range s {
		sum += g.Duration
	}
	return sum, true
}

// Peak is the highest rate, in operations per second.
func (s Stages) Peak() float64 {
	peak := 0.0
	for _, g := range s {
		peak = max(peak, g.From, g.To)
	}
	return peak
}

// ends is where each stage ends, counted from the start of the first.
func (s Stages) ends() []time.Duration {
	ends, at := make([]time.Duration, len(s)), time.Duration(0)
	for i, g := range s {
		at += g.Duration
		ends[i] = at
		if g.Duration == 0 {
			ends[i] = never
		}
	}
	return ends
}

// mean is the mean rate of a stage.
func (g Stage) mean() float64 { return (g.From + g.To) / 2 }
