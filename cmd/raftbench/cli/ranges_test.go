package cli

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestRanges(t *testing.T) {
	var sizes []int
	var lingers []time.Duration
	size := newSpan(&sizes, "", parsePositiveSize, multiples(4))
	linger := newSpan(&lingers, "", parseDuration, lingerSteps)
	for _, c := range []struct {
		set        func(string) error
		text, want string
	}{
		{size.Set, "1KiB..256KiB", "[1024 4096 16384 65536 262144]"},
		{size.Set, "1KiB..10KiB", "[1024 4096 10240]"},
		{size.Set, "64KiB,1KiB", "[1024 65536]"},
		{size.Set, "16KiB", "[16384]"},
		{linger.Set, "0..5ms", "[0s 100µs 200µs 500µs 1ms 2ms 5ms]"},
		{linger.Set, "0..50us", "[0s 50µs]"},
		{linger.Set, "300us..3ms", "[300µs 500µs 1ms 2ms 3ms]"},
		{linger.Set, "0s,1ms..2ms", "[0s 1ms 2ms]"},
	} {
		if err := c.set(c.text); err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		got := fmt.Sprint(sizes)
		if strings.Contains(c.want, "s") {
			got = fmt.Sprint(lingers)
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
	}
	for text, want := range map[string]string{
		"16KiB..16KiB":    "a range of one point: want two ends, or 16KiB alone",
		"64KiB..1KiB":     "ends before it begins: want 1KiB..64KiB",
		"1KiB..":          `""`,
		"..":              `""`,
		"0B":              "at least one byte",
		"1KiB..4KiB,4KiB": "gives 4096 twice",
		"small":           `"small"`,
	} {
		if err := size.Set(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
