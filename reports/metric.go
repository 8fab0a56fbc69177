package reports

import "math"

// Metric is one number of a replicate that arms are compared by.
type Metric struct {
	Name           string // as in CSV and JSON, with its unit: "latency_ns_p99"
	Title          string // as in a table: "p99"
	Unit           string // of the number: "ns", "ops/s"
	HigherIsBetter bool

	// Value is the metric of one replicate, and whether it has one.
	Value func(*Replicate) (float64, bool)

	// Format writes a value with its unit for a reader.
	Format func(float64) string
}

// Throughput is the metric of successful operations per second.
func Throughput() Metric {
	return Metric{
		Name: "throughput_ops_per_s", Title: "throughput", Unit: "ops/s", HigherIsBetter: true,
		Value: func(r *Replicate) (float64, bool) { return r.Throughput(), r.Window > 0 },
		Format: func(v float64) string {
			return FormatCount(v) + "/s"
		},
	}
}

// Latency is the metric of one quantile of the response time.
func Latency(q float64) Metric {
	title := FormatQuantile(q)
	return Metric{
		Name: "latency_ns_" + title, Title: title, Unit: "ns",
		Value: func(r *Replicate) (float64, bool) {
			p := r.Response().Percentile(q)
			return float64(p.Value), p.Carried
		},
		Format: FormatLatency,
	}
}

// CPUPerOp is the metric of processor time of the process per successful operation.
func CPUPerOp() Metric {
	m := perOp("cpu_us_per_op", "CPU/op", "µs", func(c *Cost) *int64 {
		if c.CPUUser == nil || c.CPUSystem == nil {
			return nil
		}
		return new(*c.CPUUser + *c.CPUSystem)
	})
	inNS := m.Value
	m.Value = func(r *Replicate) (float64, bool) {
		v, ok := inNS(r)
		return v / 1e3, ok
	}
	return m
}

// WireBytesPerOp is the metric of bytes on the wire per successful operation.
func WireBytesPerOp() Metric {
	return perOp("wire_bytes_per_op", "wire/op", "B", func(c *Cost) *int64 { return c.WireBytes })
}

// AllocsPerOp is the metric of heap allocations per successful operation.
func AllocsPerOp() Metric {
	return perOp("allocs_per_op", "allocs/op", "", func(c *Cost) *int64 { return c.Allocs })
}

// Metrics lists what is compared, the most important first.
func Metrics() []Metric {
	list := []Metric{Throughput()}
	for _, q := range Quantiles() {
		list = append(list, Latency(q))
	}
	return append(list,
		CPUPerOp(),
		WireBytesPerOp(),
		AllocsPerOp(),
		perOp("alloc_bytes_per_op", "alloc B/op", "B", func(c *Cost) *int64 { return c.AllocBytes }),
		perOp("wire_segments_per_op", "segments/op", "", func(c *Cost) *int64 { return c.WireSegments }),
		perOp("read_syscalls_per_op", "reads/op", "", func(c *Cost) *int64 { return c.ReadSyscalls }),
		perOp("write_syscalls_per_op", "writes/op", "", func(c *Cost) *int64 { return c.WriteSyscalls }),
	)
}

func perOp(name, title, unit string, total func(*Cost) *int64) Metric {
	return Metric{
		Name: name, Title: title, Unit: unit,
		Value: func(r *Replicate) (float64, bool) {
			net := r.NetCost()
			t := total(&net)
			if t == nil || r.Operations.Done() == 0 {
				return math.NaN(), false
			}
			return float64(*t) / float64(r.Operations.Done()), true
		},
		Format: func(v float64) string {
			if unit == "" {
				return FormatNumber(v)
			}
			return FormatNumber(v) + " " + unit
		},
	}
}
