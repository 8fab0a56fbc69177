package reports

// NetCost is what the replicate used for its operations: Cost less Idle, what
// the same cluster uses without a load, and never below zero. A number that was
// not measured stays nil; where the idle cluster's was not, nothing is
// subtracted. GoroutinesMax is a height and not a sum, so it stays as it is.
func (r *Replicate) NetCost() Cost {
	net := r.Cost
	idle := r.Idle
	if idle == nil {
		return net
	}
	net.CPUUser = less(net.CPUUser, idle.CPUUser)
	net.CPUSystem = less(net.CPUSystem, idle.CPUSystem)
	net.CPUClients = less(net.CPUClients, idle.CPUClients)
	net.CPUNodes = less(net.CPUNodes, idle.CPUNodes)
	net.WireBytes = less(net.WireBytes, idle.WireBytes)
	net.WireSegments = less(net.WireSegments, idle.WireSegments)
	net.Allocs = less(net.Allocs, idle.Allocs)
	net.AllocBytes = less(net.AllocBytes, idle.AllocBytes)
	net.GCCycles = less(net.GCCycles, idle.GCCycles)
	net.GCPause = less(net.GCPause, idle.GCPause)
	net.ReadSyscalls = less(net.ReadSyscalls, idle.ReadSyscalls)
	net.WriteSyscalls = less(net.WriteSyscalls, idle.WriteSyscalls)
	net.Fsyncs = less(net.Fsyncs, idle.Fsyncs)
	net.LogBytes = less(net.LogBytes, idle.LogBytes)
	net.VoluntarySwitches = less(net.VoluntarySwitches, idle.VoluntarySwitches)
	net.InvoluntarySwitches = less(net.InvoluntarySwitches, idle.InvoluntarySwitches)
	return net
}

func less(total, idle *int64) *int64 {
	if total == nil || idle == nil {
		return total
	}
	return new(max(0, *total-*idle))
}

// SyscallsPerOp is the metric of reads and writes of the process per successful
// operation.
func SyscallsPerOp() Metric {
	return perOp("syscalls_per_op", "syscalls/op", "", func(c *Cost) *int64 { return sumOf(c.ReadSyscalls, c.WriteSyscalls) })
}

// SwitchesPerOp is the metric of context switches of the process's threads, wanted
// or not, per successful operation.
func SwitchesPerOp() Metric {
	return perOp("context_switches_per_op", "switches/op", "", func(c *Cost) *int64 { return sumOf(c.VoluntarySwitches, c.InvoluntarySwitches) })
}

// SegmentsPerOp is the metric of TCP segments per successful operation.
func SegmentsPerOp() Metric {
	return perOp("wire_segments_per_op", "segments/op", "", func(c *Cost) *int64 { return c.WireSegments })
}

// AllocBytesPerOp is the metric of bytes allocated per successful operation.
func AllocBytesPerOp() Metric {
	return perOp("alloc_bytes_per_op", "alloc B/op", "B", func(c *Cost) *int64 { return c.AllocBytes })
}

// ClientCPUPerOp is the metric of processor time of driver and clients per
// successful operation, where they do not share a process with nodes.
func ClientCPUPerOp() Metric {
	return microseconds(perOp("cpu_us_clients_per_op", "client CPU/op", "µs", func(c *Cost) *int64 { return c.CPUClients }))
}

// NodeCPUPerOp is the metric of processor time of all nodes together per
// successful operation, where they do not share a process with clients.
func NodeCPUPerOp() Metric {
	return microseconds(perOp("cpu_us_nodes_per_op", "node CPU/op", "µs", func(c *Cost) *int64 { return c.CPUNodes }))
}

// FsyncsPerOp is the metric of syncs of all nodes' logs per successful operation.
func FsyncsPerOp() Metric {
	return perOp("fsyncs_per_op", "fsyncs/op", "", func(c *Cost) *int64 { return c.Fsyncs })
}

// LogBytesPerOp is the metric of bytes written to all nodes' logs per successful
// operation.
func LogBytesPerOp() Metric {
	return perOp("log_bytes_per_op", "log B/op", "B", func(c *Cost) *int64 { return c.LogBytes })
}

// GCPause is the metric of the share of the window in which the garbage collector
// stopped the world.
func GCPause() Metric {
	return Metric{
		Name: "gc_pause_share", Title: "GC pause",
		Value: func(r *Replicate) (float64, bool) {
			pause := r.NetCost().GCPause
			if pause == nil || r.Window <= 0 {
				return 0, false
			}
			return float64(*pause) / float64(r.Window), true
		},
		Format: func(v float64) string { return FormatNumber(100*v) + " %" },
	}
}

// Goroutines is the metric of the most goroutines at a time of nodes, clients and driver.
func Goroutines() Metric {
	return Metric{
		Name: "goroutines_max", Title: "goroutines",
		Value: func(r *Replicate) (float64, bool) {
			if r.Cost.GoroutinesMax == nil {
				return 0, false
			}
			return float64(*r.Cost.GoroutinesMax), true
		},
		Format: FormatCount,
	}
}

// CostMetrics lists what one may want to know of the cost of an arm, the most
// important first: those that arms are compared by and more.
func CostMetrics() []Metric {
	return []Metric{
		CPUPerOp(), ClientCPUPerOp(), NodeCPUPerOp(), WireBytesPerOp(), SegmentsPerOp(), SyscallsPerOp(),
		SwitchesPerOp(), FsyncsPerOp(), LogBytesPerOp(), AllocsPerOp(), AllocBytesPerOp(), GCPause(), Goroutines(),
	}
}

// microseconds turns a metric in nanoseconds into one in microseconds.
func microseconds(m Metric) Metric {
	inNS := m.Value
	m.Value = func(r *Replicate) (float64, bool) {
		v, ok := inNS(r)
		return v / 1e3, ok
	}
	return m
}

// sumOf adds what was measured; nil where one of the two was not.
func sumOf(a, b *int64) *int64 {
	if a == nil || b == nil {
		return nil
	}
	return new(*a + *b)
}
