package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
)

// results is what is written as results.json.
type results struct {
	Started   time.Time         `json:"started"`
	Storage   string            `json:"storage"`
	Nodes     int               `json:"nodes"`
	Payload   int               `json:"payload_bytes"`
	WindowNs  time.Duration     `json:"window_ns"`
	GoVersion string            `json:"go_version"`
	Machine   string            `json:"machine"`
	Setups    map[string]string `json:"setups"`   // by engine
	Versions  map[string]string `json:"versions"` // by module
	Measured  []measurement     `json:"measured"`

	plan *plan
}

func newResults(p *plan) *results {
	r := &results{
		Started: time.Now(), Storage: "mem", Nodes: nodes, Payload: commandBytes, WindowNs: p.window,
		GoVersion: runtime.Version(), Machine: machine(), Setups: map[string]string{}, Versions: map[string]string{}, plan: p,
	}
	if p.disk {
		r.Storage = "disk, synced before each acknowledgement"
	}
	info, _ := debug.ReadBuildInfo()
	for _, e := range p.engines {
		r.Setups[e.name] = e.how
		for _, module := range e.modules {
			for _, d := range info.Deps {
				if d.Path == module {
					r.Versions[module] = d.Version
				}
			}
		}
	}
	return r
}

// machine names the processor, as far as the system tells.
func machine() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return fmt.Sprintf("%d x %s", runtime.NumCPU(), strings.TrimSpace(value))
		}
	}
	return fmt.Sprintf("%d x %s", runtime.NumCPU(), runtime.GOARCH)
}

// write prints the tables, and writes the files if there is a folder for them.
func (r *results) write(folder string, stdout io.Writer) error {
	text := r.markdown()
	if _, err := io.WriteString(stdout, text); err != nil || folder == "" {
		return err
	}
	whole, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	for name, data := range map[string]string{"results.json": string(whole) + "\n", "results.csv": r.csv(), "results.md": text} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(data), 0o644); err != nil {
			return fmt.Errorf("-o: %w", err)
		}
	}
	return nil
}

// csv returns a line for each measurement.
func (r *results) csv() string {
	var text strings.Builder
	w := csv.NewWriter(&text)
	_ = w.Write([]string{"block", "engine", "clients", "throughput_ops_per_s", "response_ns_p50", "response_ns_p99", "cpu_ns_per_op", "acknowledged", "applied"})
	for _, m := range r.Measured {
		_ = w.Write([]string{
			strconv.Itoa(m.Block), m.Engine, strconv.Itoa(m.Clients), fmt.Sprintf("%.0f", m.ThroughputOpsPerS),
			strconv.FormatInt(m.ResponseNsP50, 10), strconv.FormatInt(m.ResponseNsP99, 10), fmt.Sprintf("%.0f", m.CPUNsPerOp),
			strconv.FormatUint(m.Acknowledged, 10), strconv.FormatUint(m.Applied, 10),
		})
	}
	w.Flush() // a strings.Builder takes everything
	return text.String()
}

// markdown returns a table for each number of clients.
func (r *results) markdown() string {
	var b strings.Builder
	for _, clients := range r.plan.clients {
		fmt.Fprintf(&b, "%d clients, %d B, %s\n\n", clients, r.Payload, r.Storage)
		b.WriteString("| engine | ops/s, median | range | of the first, in pairs | p50 ms | p99 ms | CPU us/op |\n|---|---:|---:|---:|---:|---:|---:|\n")
		first := r.of(r.plan.engines[0].name, clients)
		for _, e := range r.plan.engines {
			b.WriteString(row(e.name, r.of(e.name, clients), first))
		}
		b.WriteString("\n")
		for _, e := range r.plan.engines {
			b.WriteString(trouble(e.name, r.of(e.name, clients)))
		}
	}
	for _, e := range r.plan.engines {
		fmt.Fprintf(&b, "- %s: %s", e.name, e.how)
		for _, module := range e.modules {
			fmt.Fprintf(&b, "; %s %s", module, r.Versions[module])
		}
		b.WriteString("\n")
	}
	return b.String()
}

// of returns the measurements of an engine, by block.
func (r *results) of(engine string, clients int) []measurement {
	var list []measurement
	for _, m := range r.Measured {
		if m.Engine == engine && m.Clients == clients {
			list = append(list, m)
		}
	}
	return list
}

func row(name string, list, first []measurement) string {
	ops := column(list, func(m *measurement) float64 { return m.ThroughputOpsPerS })
	ratios := make([]float64, len(list))
	for i := range list {
		ratios[i] = list[i].ThroughputOpsPerS / first[i].ThroughputOpsPerS
	}
	const million = 1e6
	return fmt.Sprintf("| %s | %.0f | %.0f to %.0f | %.2f | %.2f | %.2f | %.1f |\n", name,
		median(ops), slices.Min(ops), slices.Max(ops), median(ratios),
		median(column(list, func(m *measurement) float64 { return float64(m.ResponseNsP50) }))/million,
		median(column(list, func(m *measurement) float64 { return float64(m.ResponseNsP99) }))/million,
		median(column(list, func(m *measurement) float64 { return m.CPUNsPerOp }))/1000)
}

// trouble is a line about operations that did not succeed: the engine's figures are
// not worth much then. Empty if there is none.
func trouble(name string, list []measurement) string {
	var failed, unknown uint64
	for _, m := range list {
		failed, unknown = failed+m.Failed, unknown+m.Unknown
	}
	if failed+unknown == 0 {
		return ""
	}
	return fmt.Sprintf("%s: %d operations failed, and the outcome of %d is not known.\n\n", name, failed, unknown)
}

func column(list []measurement, value func(*measurement) float64) []float64 {
	values := make([]float64, len(list))
	for i := range list {
		values[i] = value(&list[i])
	}
	return values
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
