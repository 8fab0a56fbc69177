package reports

import (
	"fmt"
	"strings"
)

// String describes the load in a line: "3 nodes, 64 clients in a closed loop,
// payload 128 B".
func (l Load) String() string {
	if l.Name == NameCodec {
		return "encoding and decoding one message, payload " + FormatBytes(int64(l.PayloadBytes))
	}
	parts := []string{plural(l.Nodes, "node")}
	if l.Name == NameEcho {
		parts[0] = "one round trip without Raft"
	}
	if l.Name == NameNull {
		parts = append(parts, "nothing applied (null state machine)")
	}
	if l.Loop == LoopOpen {
		arrivals := ""
		if l.Arrivals != "" {
			arrivals = l.Arrivals + ", "
		}
		offered := FormatCount(l.Rate)
		if l.Stages != "" {
			offered = l.Stages
		}
		parts = append(parts, fmt.Sprintf("%s operations/s offered (%sopen loop)", offered, arrivals))
	} else {
		parts = append(parts, plural(l.Clients, "client")+" in a closed loop")
	}
	parts = append(parts, "payload "+FormatBytes(int64(l.PayloadBytes)))
	if l.Reads > 0 {
		read := fmt.Sprintf("%g %% reads", 100*l.Reads)
		switch {
		case l.ReadFrom != "":
			read += " (" + l.ReadMode + ", from " + l.ReadFrom + ")"
		case l.ReadMode != "":
			read += " (" + l.ReadMode + ")"
		}
		parts = append(parts, read)
	}
	if l.Storage != "" {
		parts = append(parts, "storage "+l.Storage)
	}
	if l.Fsync != "" {
		parts = append(parts, "fsync "+l.Fsync)
	}
	if l.Network != "" {
		parts = append(parts, l.Network)
	}
	if l.Faults != "" {
		parts = append(parts, "faults: "+l.Faults)
	}
	return strings.Join(parts, ", ")
}

// String describes the machine in a line: "AMD EPYC 7B13, 2 CPUs, Linux 6.18, go1.26.8".
func (e Environment) String() string {
	var parts []string
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	add(e.CPUModel)
	if e.NumCPU > 0 {
		add(plural(e.NumCPU, "CPU"))
	}
	if e.GOMAXPROCS > 0 && e.GOMAXPROCS != e.NumCPU {
		add(fmt.Sprintf("GOMAXPROCS %d", e.GOMAXPROCS))
	}
	add(strings.TrimSpace(e.OS + " " + e.Kernel))
	return strings.Join(parts, ", ")
}

// Machine describes where and with what was measured, in a line.
func (r *Run) Machine() string {
	parts := []string{r.Environment.String(), r.Tool.GoVersion}
	if parts[0] == "" {
		parts = parts[1:]
	}
	return strings.TrimSuffix(strings.Join(parts, ", "), ", ")
}

// Windows describes what was measured of each arm: "3 replicates of 10s each".
func (r *Run) Windows() string {
	text := plural(r.Plan.Replicates, "replicate")
	switch {
	case r.Plan.Window > 0:
		text += fmt.Sprintf(" of %v", r.Plan.Window)
	case r.Plan.Operations > 0:
		text += fmt.Sprintf(" of %s operations", FormatCount(float64(r.Plan.Operations)))
	}
	interleaved := r.Plan.Replicates > 1 && r.Plan.Interleaved
	switch slices := fmt.Sprintf("in slices of %v", r.Plan.Slice); {
	case interleaved && r.Plan.Slice > 0:
		text += ", interleaved " + slices
	case interleaved:
		text += ", interleaved"
	case r.Plan.Slice > 0:
		text += ", " + slices
	}
	return text
}

// StatusText says in a sentence that the run is not whole; empty if it is.
func (r *Run) StatusText() string {
	switch r.Status {
	case StatusInterrupted:
		return "The run was INTERRUPTED: this is what had been measured by then."
	case StatusRunning:
		return "The run is NOT FINISHED: this is what has been measured so far."
	case StatusKilled:
		return "The run was KILLED: this is what had been measured by then."
	}
	return ""
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
