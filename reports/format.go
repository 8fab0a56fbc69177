package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// FormatLatency writes nanoseconds in three significant digits with the unit
// that suits: "850 ns", "118 µs", "1.20 ms", "3.05 s".
func FormatLatency(ns float64) string {
	for _, u := range []struct {
		ns   float64
		name string
	}{{1e9, "s"}, {1e6, "ms"}, {1e3, "µs"}} {
		if ns >= 0.9995*u.ns {
			return threeDigits(ns/u.ns) + " " + u.name
		}
	}
	return strconv.FormatFloat(math.Round(ns), 'f', 0, 64) + " ns"
}

// threeDigits writes 1.20, 12.0, 120, 1200.
func threeDigits(v float64) string {
	switch {
	case v >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// FormatNumber writes a number in about three significant digits, without a unit.
func FormatNumber(v float64) string {
	switch {
	case v == 0:
		return "0"
	case math.Abs(v) >= 999.5:
		return FormatCount(v)
	case math.Abs(v) < 0.01:
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	return threeDigits(v)
}

// FormatCount writes a whole number with separators: "451,203".
func FormatCount(v float64) string {
	digits := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// FormatCompact writes a count in three significant digits: "451k", "1.25M".
func FormatCompact(v float64) string {
	switch {
	case v >= 999.5e3:
		return threeDigits(v/1e6) + "M"
	case v >= 999.5:
		return threeDigits(v/1e3) + "k"
	}
	return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
}

// FormatRatio writes how other relates to base: as a percentage of change below a
// factor of two either way, and as a factor beyond: "+9.4 %", "x2.30".
func FormatRatio(ratio float64) string {
	switch {
	case math.IsNaN(ratio) || math.IsInf(ratio, 0) || ratio <= 0:
		return "-"
	case ratio >= 2 || ratio <= 0.5:
		return "x" + FormatNumber(ratio)
	}
	percent := math.Round(1000*(ratio-1)) / 10
	if percent == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%+.1f %%", percent)
}

// FormatQuantile writes "p50", "p99.9".
func FormatQuantile(q float64) string {
	return "p" + strconv.FormatFloat(math.Round(q*1e7)/1e5, 'f', -1, 64)
}

// FormatBytes writes a size in binary units: "128 B", "16 KiB".
func FormatBytes(n int64) string {
	v := float64(n)
	for _, unit := range []string{"B", "KiB", "MiB"} {
		if v < 1024 {
			return FormatPlain(math.Round(v*10)/10) + " " + unit
		}
		v /= 1024
	}
	return FormatPlain(math.Round(v*10)/10) + " GiB"
}

// FormatPlain writes a number with as many digits as it takes and no more.
func FormatPlain(v float64) string {
	return strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64)
}

// OneLine puts a blank for each control character, for forms in which a line is a thing.
func OneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}
