package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseThreshold reads what an arm must meet: "p99<2ms", "throughput >= 100k",
// "errors<0.1%", "CPU/op<20us". The error says in a line what is wrong and what is
// allowed.
func ParseThreshold(text string) (Gate, error) {
	g, err := ParseGate(text)
	if err == nil && g.Relative {
		return Gate{}, fmt.Errorf("%q compares with a base: a threshold has a limit with a unit and no sign, such as p99<2ms", g.Text)
	}
	if err == nil {
		err = g.demanding()
	}
	return g, err
}

// demanding says why a threshold asks for what nobody wants, such as a low throughput, or
// for nothing at all.
func (g Gate) demanding() error {
	name := g.Metric.Title
	limit := strings.TrimLeft(g.Text[strings.IndexAny(g.Text, "<>"):], "<>= ")
	switch {
	case g.Above && !g.Metric.HigherIsBetter:
		return fmt.Errorf("%q asks for a bad value: of %s lower is better, so want %s<%s", g.Text, name, name, limit)
	case !g.Above && g.Metric.HigherIsBetter:
		return fmt.Errorf("%q asks for a bad value: of %s higher is better, so want %s>%s", g.Text, name, name, limit)
	case !g.Above && g.Limit == 0 && !g.OrEqual:
		return fmt.Errorf("%q never holds: nothing is below zero, so want %s<=%s", g.Text, name, limit)
	case g.Above && g.Limit == 0 && g.OrEqual:
		return fmt.Errorf("%q always holds: want a limit above zero", g.Text)
	case g.Metric.Unit == FailureShare().Unit && g.OrEqual && g.Limit >= 1:
		return fmt.Errorf("%q always holds: want a limit below 100%%", g.Text)
	}
	return nil
}

// ParseRegression reads what a comparison must not show: "p99>+5%", "throughput<-5%". It
// names the bad direction, so a gate that would fail what got better is an
// error.
func ParseRegression(text string) (Gate, error) {
	g, err := ParseGate(text)
	if err == nil && !g.Relative {
		return Gate{}, fmt.Errorf("%q has a limit of its own: a regression has a sign and a %%, such as p99>+5%%", g.Text)
	}
	return g, err
}

// ParseGate reads either kind. They differ in the limit: that of a regression has a sign
// and a per cent sign.
func ParseGate(text string) (Gate, error) {
	text = strings.TrimSpace(text)
	at := strings.IndexAny(text, "<>")
	if at < 0 {
		return Gate{}, fmt.Errorf("%q is not a gate: want METRIC < or > LIMIT, such as p99<2ms, or p99>+5%% to compare", text)
	}
	g := Gate{Text: text, Above: text[at] == '>'}
	limit := text[at+1:]
	limit, g.OrEqual = strings.CutPrefix(limit, "=")
	limit = strings.TrimSpace(limit)
	var err error
	if g.Metric, err = MetricNamed(text[:at]); err != nil {
		return Gate{}, fmt.Errorf("%q: %w", text, err)
	}
	if strings.HasPrefix(limit, "+") || strings.HasPrefix(limit, "-") {
		g.Relative = true
		g.Limit, err = g.parseRatio(limit)
	} else {
		g.Limit, err = parseLimit(limit, g.Metric.Unit)
	}
	if err != nil {
		return Gate{}, fmt.Errorf("%q: %w", text, err)
	}
	return g, nil
}

// parseRatio reads "+5%" as 1.05.
func (g Gate) parseRatio(limit string) (float64, error) {
	sign, digits := limit[0], strings.TrimSpace(limit[1:])
	digits, ok := strings.CutSuffix(digits, "%")
	percent, err := parseNumber(strings.TrimSpace(digits))
	if !ok || err != nil || percent <= 0 || percent > 10_000 || sign == '-' && percent >= 100 {
		return 0, fmt.Errorf("the limit %q is no relative change: want such as +5%% or -5%%", limit)
	}
	worse := "p99>+5%"
	if g.Metric.HigherIsBetter {
		worse = "throughput<-5%"
	}
	if g.Metric.Unit == FailureShare().Unit {
		return 0, fmt.Errorf("%s are compared with a limit, such as errors<0.1%%", g.Metric.Title)
	}
	if up := sign == '+'; up != g.Above || g.Above == g.Metric.HigherIsBetter {
		return 0, fmt.Errorf("that is no change for the worse: want such as %s", worse)
	}
	if sign == '-' {
		percent = -percent
	}
	return 1 + percent/100, nil
}

// parseLimit reads a number in a metric's unit.
func parseLimit(limit, unit string) (float64, error) {
	switch unit {
	case "ns", "µs":
		d, err := time.ParseDuration(limit)
		if err != nil || d <= 0 {
			return 0, fmt.Errorf("the limit %q is no time: want a number with ns, us, ms or s", limit)
		}
		if unit == "µs" {
			return float64(d) / 1e3, nil
		}
		return float64(d), nil
	case "share":
		digits, ok := strings.CutSuffix(limit, "%")
		v, err := parseNumber(strings.TrimSpace(digits))
		if !ok || err != nil || v > 100 {
			return 0, fmt.Errorf("the limit %q is no share: want per cent, such as 0.1%%", limit)
		}
		return v / 100, nil
	case "ops/s":
		return parseScaled(strings.TrimSuffix(limit, "/s"), "operations per second, such as 500, 5k or 1.5M",
			scale{"k", 1e3}, scale{"M", 1e6})
	case "B":
		return parseScaled(limit, "bytes, such as 300B or 2KiB", scale{"KiB", 1 << 10}, scale{"MiB", 1 << 20}, scale{"B", 1})
	}
	return parseScaled(limit, "a number from 0")
}

type scale struct {
	suffix string
	factor float64
}

func parseScaled(limit, want string, scales ...scale) (float64, error) {
	digits, factor := limit, 1.0
	for _, s := range scales {
		if rest, ok := strings.CutSuffix(limit, s.suffix); ok {
			digits, factor = strings.TrimSpace(rest), s.factor
			break
		}
	}
	v, err := parseNumber(digits)
	if err != nil {
		return 0, fmt.Errorf("the limit %q is not one: want %s", limit, want)
	}
	return v * factor, nil
}

// maxLimit bounds the numbers in a gate: nothing that is measured is larger.
const maxLimit = 1e15

// parseNumber reads digits with a point and nothing else, in particular no sign.
func parseNumber(digits string) (float64, error) {
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil || strings.Trim(digits, "0123456789.") != "" || math.IsInf(v, 0) || v > maxLimit {
		return 0, fmt.Errorf("%q is not a number from 0", digits)
	}
	return v, nil
}
