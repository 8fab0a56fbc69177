// Package benchfmt writes a run in the Go benchmark format, so that benchstat and
// everything else that reads the output of go test -bench reads it too:
//
//	benchstat -col /transport bench.txt
//
// There is a line for each replicate that is valid. Its name holds what was asked
// for (transport with its options, nodes, clients or rate or stages, payload,
// reads); the rest of the load and the tuning are configuration lines, so that
// benchstat puts arms that differ in them into tables of their own. ns/op is the
// time between two completions, the inverse of throughput; latencies are p50-ns and
// so on. A percentile that the sample does not carry is left out. An invalid
// replicate is a comment with its reason: it is shown, and enters no average.
//
// It starts no goroutine.
package benchfmt

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/raftbench/raftbench/reports"
)

// Write writes the valid replicates of all arms.
func Write(w io.Writer, run *reports.Run) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# raftbench %s, %s; %s\n", reports.OneLine(run.Tool.Version), reports.OneLine(run.Tool.GoVersion), reports.OneLine(run.Windows()))
	if s := run.StatusText(); s != "" {
		fmt.Fprintf(&b, "# %s\n", s)
	}
	written := config{}
	written.write(&b, []setting{
		{"goos", strings.ToLower(run.Environment.OS)}, {"goarch", run.Environment.Arch},
		{"pkg", "github.com/raftbench/raftbench"}, {"cpu", run.Environment.CPUModel},
	})
	for _, u := range units() {
		fmt.Fprintf(&b, "Unit %s better=%s\n", u.name, better(u.higherIsBetter))
	}
	for i := range run.Arms {
		a := &run.Arms[i]
		written.write(&b, settingsOf(a))
		for j := range a.Replicates {
			writeReplicate(&b, run, a, &a.Replicates[j])
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeReplicate(b *strings.Builder, run *reports.Run, a *reports.Arm, r *reports.Replicate) {
	name := nameOf(run, a)
	switch {
	case !r.Valid:
		fmt.Fprintf(b, "# INVALID: %s, replicate %d: %s\n", name, r.Index, reports.OneLine(strings.Join(r.Reasons, "; ")))
		return
	case r.Operations.Done() == 0:
		fmt.Fprintf(b, "# nothing succeeded: %s, replicate %d\n", name, r.Index)
		return
	}
	fmt.Fprintf(b, "%s\t%d", name, r.Operations.Done())
	for _, u := range units() {
		if v, ok := u.value(r); ok && !math.IsNaN(v) && !math.IsInf(v, 0) {
			fmt.Fprintf(b, "\t%s %s", sixDigits(v), u.name)
		}
	}
	fmt.Fprintln(b)
}

// unit is one number of a line.
type unit struct {
	name           string
	higherIsBetter bool
	value          func(*reports.Replicate) (float64, bool)
}

func units() []unit {
	list := []unit{
		{"ns/op", false, func(r *reports.Replicate) (float64, bool) {
			return float64(r.Window) / float64(r.Operations.Done()), r.Window > 0
		}},
		{"ops/s", true, reports.Throughput().Value},
	}
	for _, q := range append(reports.Quantiles(), 0.9999) {
		list = append(list, unit{reports.FormatQuantile(q) + "-ns", false, reports.Latency(q).Value})
	}
	scaled := func(m reports.Metric, factor float64) func(*reports.Replicate) (float64, bool) {
		return func(r *reports.Replicate) (float64, bool) {
			v, ok := m.Value(r)
			return v * factor, ok
		}
	}
	return append(list,
		unit{"cpu-ns/op", false, scaled(reports.CPUPerOp(), 1e3)},
		unit{"wire-B/op", false, reports.WireBytesPerOp().Value},
		unit{"segments/op", false, reports.SegmentsPerOp().Value},
		unit{"syscalls/op", false, reports.SyscallsPerOp().Value},
		unit{"B/op", false, reports.AllocBytesPerOp().Value},
		unit{"allocs/op", false, reports.AllocsPerOp().Value},
	)
}

// sixDigits writes six significant digits without an exponent.
func sixDigits(v float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil { // it was written a moment ago
		rounded = v
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

func better(higher bool) string {
	if higher {
		return "higher"
	}
	return "lower"
}

// nameOf is the name of an arm's lines, in the form of a sub-benchmark's.
func nameOf(run *reports.Run, a *reports.Arm) string {
	spec, group := transportOf(a)
	parts := []string{"BenchmarkRaft"}
	add := func(key, value string) { parts = append(parts, key+"="+word(value)) }
	if group != "" {
		add("arm", group)
	}
	add("transport", spec)
	l := a.Workload.Load
	add("nodes", strconv.Itoa(l.Nodes))
	switch {
	case l.Stages != "":
		add("stages", l.Stages)
	case l.Loop == reports.LoopOpen:
		add("rate", reports.FormatPlain(l.Rate))
	default:
		add("clients", strconv.Itoa(l.Clients))
	}
	add("payload", strconv.Itoa(l.PayloadBytes))
	if l.Reads > 0 {
		add("reads", reports.FormatPlain(l.Reads))
	}
	return strings.Join(parts, "/") + "-" + strconv.Itoa(max(1, run.Environment.GOMAXPROCS))
}

// transportOf is the transport with its options as the label has them, and the
// name before it that an experiment gave its arm.
func transportOf(a *reports.Arm) (spec, group string) {
	before := []string{}
	for _, w := range strings.Fields(a.Label) {
		if w == a.Transport || strings.HasPrefix(w, a.Transport+":") {
			return w, strings.Join(before, "_")
		}
		before = append(before, w)
	}
	return a.Transport, strings.Join(before, "_")
}

// setting is a configuration line.
type setting struct{ key, value string }

// settingsOf is what is not in the name.
func settingsOf(a *reports.Arm) []setting {
	l, t := a.Workload.Load, a.Workload.Tuning
	readMode, readFrom := l.ReadMode, l.ReadFrom
	if l.Reads == 0 {
		readMode, readFrom = "", ""
	}
	sessions := ""
	if t.Sessions > 0 {
		sessions = strconv.Itoa(t.Sessions)
	}
	return []setting{
		{"workload", l.Name}, {"loop", string(l.Loop)}, {"arrivals", l.Arrivals}, {"read-mode", readMode}, {"read-from", readFrom},
		{"keys", strconv.Itoa(l.Keys)}, {"key-choice", l.KeyChoice}, {"storage", l.Storage}, {"fsync", l.Fsync}, {"network", l.Network},
		{"batch.policy", t.BatchPolicy}, {"batch.size", strconv.Itoa(t.BatchSizeBytes)},
		{"linger", t.Linger.String()}, {"pipeline", strconv.Itoa(t.Pipeline)},
		{"sessions", sessions},
	}
}

// config is the configuration lines in force.
type config map[string]string

// write writes what changes. A key without a value takes it back.
func (c config) write(b *strings.Builder, list []setting) {
	for _, s := range list {
		value := strings.TrimSpace(reports.OneLine(s.value))
		if c[s.key] == value {
			continue
		}
		fmt.Fprintln(b, strings.TrimSpace(s.key+": "+value))
		c[s.key] = value
	}
}

// word keeps a value from ending the name or the part of it that it stands in.
func word(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '/' || unicode.IsSpace(r) || unicode.IsControl(r) {
			return '_'
		}
		return r
	}, s)
}
