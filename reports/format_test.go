package reports_test

import (
	"math"
	"testing"

	"github.com/raftbench/raftbench/reports"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{reports.FormatLatency(0), "0 ns"},
		{reports.FormatLatency(850), "850 ns"},
		{reports.FormatLatency(999), "999 ns"},
		{reports.FormatLatency(999.6), "1.00 µs"},
		{reports.FormatLatency(118e3), "118 µs"},
		{reports.FormatLatency(99.96e3), "100 µs"},
		{reports.FormatLatency(999.6e3), "1.00 ms"},
		{reports.FormatLatency(1.2e6), "1.20 ms"},
		{reports.FormatLatency(12.34e6), "12.3 ms"},
		{reports.FormatLatency(600e9), "600 s"},
		{reports.FormatCount(0), "0"},
		{reports.FormatCount(999.6), "1,000"},
		{reports.FormatCount(451203), "451,203"},
		{reports.FormatCount(-1234567), "-1,234,567"},
		{reports.FormatCompact(950), "950"},
		{reports.FormatCompact(999.6), "1.00k"},
		{reports.FormatCompact(451203), "451k"},
		{reports.FormatCompact(999.7e3), "1.00M"},
		{reports.FormatCompact(1.25e6), "1.25M"},
		{reports.FormatNumber(0), "0"},
		{reports.FormatNumber(0.0012), "0.0012"},
		{reports.FormatNumber(4.149), "4.15"},
		{reports.FormatNumber(12345), "12,345"},
		{reports.FormatRatio(1), "0 %"},
		{reports.FormatRatio(0.9999), "0 %"},
		{reports.FormatRatio(1.094), "+9.4 %"},
		{reports.FormatRatio(0.6), "-40.0 %"},
		{reports.FormatRatio(2.3), "x2.30"},
		{reports.FormatRatio(0.25), "x0.25"},
		{reports.FormatRatio(0), "-"},
		{reports.FormatRatio(math.Inf(1)), "-"},
		{reports.FormatRatio(math.NaN()), "-"},
		{reports.FormatQuantile(0.5), "p50"},
		{reports.FormatQuantile(0.999), "p99.9"},
		{reports.FormatQuantile(0.9999), "p99.99"},
		{reports.FormatBytes(128), "128 B"},
		{reports.FormatBytes(16 << 10), "16 KiB"},
		{reports.FormatBytes(1500), "1.5 KiB"},
		{reports.FormatBytes(3 << 30), "3 GiB"},
		{reports.FormatPlain(2.5), "2.5"},
		{reports.FormatPlain(300000), "300000"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
