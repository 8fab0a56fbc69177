package plots

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"

	"github.com/raftbench/raftbench/reports"
)

// nines is where a quantile lies on the percentile axis: 0 for the smallest
// value, 1 for 90 %, 2 for 99 % and so on.
func nines(q float64) float64 { return -math.Log10(1 - q) }

// ninesTicks labels 0 %, 50 %, 90 %, 99 % and every further nine.
type ninesTicks struct{}

// Ticks implements plot.Ticker.
func (ninesTicks) Ticks(low, high float64) []plot.Tick {
	ticks := []plot.Tick{{Value: 0, Label: "0 %"}, {Value: nines(0.5), Label: "50 %"}}
	for n := 1; float64(n) <= high+1e-9; n++ {
		percent := 100 - math.Pow(10, float64(2-n))
		ticks = append(ticks, plot.Tick{Value: float64(n), Label: strconv.FormatFloat(percent, 'f', max(0, n-2), 64) + " %"})
	}
	for n := 0; n <= int(high); n++ {
		ticks = append(ticks, plot.Tick{Value: float64(n) + nines(0.5)}, plot.Tick{Value: float64(n) + nines(0.75)})
	}
	return within(ticks, low, high)
}

// latencyTicks labels an axis of the logarithm of nanoseconds: at 1, 2 and 5 of
// each power of ten, at the powers alone where the axis is long, and at round
// distances where it is short.
type latencyTicks struct{}

// Ticks implements plot.Ticker.
func (latencyTicks) Ticks(low, high float64) []plot.Tick {
	if high-low < 0.75 {
		return shortTicks(low, high)
	}
	var ticks []plot.Tick
	long := high-low > 3.5
	for decade := math.Floor(low); decade <= high; decade++ {
		for digit := 1.0; digit < 10; digit++ {
			t := plot.Tick{Value: decade + math.Log10(digit)}
			if digit == 1 || !long && (digit == 2 || digit == 5) {
				t.Label = latencyLabel(math.Pow(10, decade) * digit)
			}
			ticks = append(ticks, t)
		}
	}
	return within(ticks, low, high)
}

func shortTicks(low, high float64) []plot.Tick {
	ticks := linearTicks{latencyLabel}.Ticks(math.Pow(10, low), math.Pow(10, high))
	for i := range ticks {
		ticks[i].Value = math.Log10(ticks[i].Value)
	}
	return ticks
}

// latencyLabel writes a round number of nanoseconds: "200 µs".
func latencyLabel(ns float64) string {
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

// powerLabel writes a power of two as a factor: "1/4", "same", "x8".
func powerLabel(exponent int) string {
	switch {
	case exponent < 0:
		return "1/" + reports.FormatPlain(math.Exp2(float64(-exponent)))
	case exponent > 0:
		return "x" + reports.FormatPlain(math.Exp2(float64(exponent)))
	}
	return "same"
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
