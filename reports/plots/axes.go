package plots

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"

	"github.com/raftbench/raftbench/reports"
)

// nines is where a quantile lies on the percentile axis: 0 for the smallest
// value, 1 for 90 %, 2 for 99 % and so on.
func nines(q float64) float64 { return -math.Log10(1 - q) }

// ninesTicks labels 0 %, 50 %, 90 %, 99 % and every further nine, and leaves out
// labels for which a long axis has no room.
type ninesTicks struct{}

// Ticks implements plot.Ticker.
func (ninesTicks) Ticks(low, high float64) []plot.Tick {
	ticks := []plot.Tick{{Value: 0, Label: "0 %"}, {Value: nines(0.5), Label: "50 %"}}
	if high > 5 {
		ticks[0].Label = ""
	}
	for n := 1; float64(n) <= high+1e-9; n++ {
		tick := plot.Tick{Value: float64(n)}
		if high < 6.5 || n < 5 || n%2 == 1 { // the labels of deeper nines are longer than a nine is wide
			percent := 100 - math.Pow(10, float64(2-n))
			tick.Label = strconv.FormatFloat(percent, 'f', max(0, n-2), 64) + " %"
		}
		ticks = append(ticks, tick)
	}
	for n := 0; n <= int(high); n++ {
		ticks = append(ticks, plot.Tick{Value: float64(n) + nines(0.5)}, plot.Tick{Value: float64(n) + nines(0.75)})
	}
	return within(ticks, low, high)
}

// logTicks labels an axis of the logarithm of a number: at 1, 2 and 5 of each power
// of ten, at the powers alone where the axis is long, and at round distances where
// it is short.
type logTicks struct {
	format func(float64) string
}

// latencyTicks are for an axis of the logarithm of nanoseconds.
func latencyTicks() logTicks { return logTicks{latencyLabel} }

// Ticks implements plot.Ticker.
func (t logTicks) Ticks(low, high float64) []plot.Tick {
	if high-low < 0.75 {
		return t.short(low, high)
	}
	var ticks []plot.Tick
	long := high-low > 3.5
	for decade := math.Floor(low); decade <= high; decade++ {
		for digit := 1.0; digit < 10; digit++ {
			tick := plot.Tick{Value: decade + math.Log10(digit)}
			if digit == 1 || !long && (digit == 2 || digit == 5) {
				tick.Label = t.format(math.Pow(10, decade) * digit)
			}
			ticks = append(ticks, tick)
		}
	}
	return within(ticks, low, high)
}

func (t logTicks) short(low, high float64) []plot.Tick {
	ticks := linearTicks(t).Ticks(math.Pow(10, low), math.Pow(10, high))
	for i := range ticks {
		ticks[i].Value = math.Log10(ticks[i].Value)
	}
	return ticks
}

// latencyLabel writes a round number of nanoseconds: "200 µs".
func latencyLabel(ns float64) string {
	if ns == 0 {
		return "0"
	}
	for _, u := range []struct {
		ns   float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
		if ns > 0.999*u.ns {
			return reports.FormatPlain(ns/u.ns) + " " + u.name
		}
	}
	return reports.FormatPlain(ns) + " ns"
}

// countLabel writes a round number of operations: "20k".
func countLabel(v float64) string {
	switch {
	case v >= 999.5e3:
		return reports.FormatPlain(v/1e6) + "M"
	case v >= 999.5:
		return reports.FormatPlain(v/1e3) + "k"
	}
	return reports.FormatPlain(v)
}

// linearTicks labels an axis from zero at round distances.
type linearTicks struct {
	format func(float64) string
}

// Ticks implements plot.Ticker.
func (t linearTicks) Ticks(low, high float64) []plot.Tick {
	step := roundStep(high-low, 6)
	var ticks []plot.Tick
	for i := math.Ceil(low / step); i*step <= high*(1+1e-9); i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: t.format(i * step)})
	}
	return ticks
}

// roundStep is the largest of 1, 2, 2.5 and 5 times a power of ten that divides
// the range into at least half as many steps as wanted.
func roundStep(span float64, wanted int) float64 {
	if span <= 0 {
		return 1
	}
	rough := span / float64(wanted)
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if rough <= m*power*(1+1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// ratioTicks labels an axis of log2 of a factor: in per cent where it is narrow,
// in factors where it is wide.
type ratioTicks struct{}

// Ticks implements plot.Ticker.
func (ratioTicks) Ticks(low, high float64) []plot.Tick {
	if math.Exp2(high) < 2 && math.Exp2(low) > 0.5 {
		return percentTicks(low, high)
	}
	every := math.Max(1, math.Ceil((high-low)/10))
	var ticks []plot.Tick
	for i := math.Ceil(low/every) * every; i <= high; i += every {
		ticks = append(ticks, plot.Tick{Value: i, Label: powerLabel(int(i))})
	}
	return ticks
}

// powerLabel writes a power of two as a factor: "1/4", "same", "x8", "x2^20".
func powerLabel(exponent int) string {
	if exponent == 0 {
		return "same"
	}
	size := max(exponent, -exponent)
	factor := fmt.Sprintf("2^%d", size)
	if size < 14 {
		factor = strconv.Itoa(1 << size)
	}
	if exponent < 0 {
		return "1/" + factor
	}
	return "x" + factor
}

func percentTicks(low, high float64) []plot.Tick {
	step := roundStep(math.Exp2(high)-math.Exp2(low), 8)
	var ticks []plot.Tick
	for i := math.Ceil((math.Exp2(low) - 1) / step); 1+i*step <= math.Exp2(high); i++ {
		label := "same"
		if i != 0 {
			label = trimPercent(100 * i * step)
		}
		ticks = append(ticks, plot.Tick{Value: math.Log2(1 + i*step), Label: label})
	}
	return ticks
}

func trimPercent(v float64) string {
	s := strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) + " %"
	if v > 0 {
		return "+" + s
	}
	return s
}

func within(ticks []plot.Tick, low, high float64) []plot.Tick {
	var kept []plot.Tick
	for _, t := range ticks {
		if t.Value >= low-1e-9 && t.Value <= high+1e-9 {
			kept = append(kept, t)
		}
	}
	return kept
}
