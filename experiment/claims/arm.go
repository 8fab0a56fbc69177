package claims

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/transports"
	"github.com/raftbench/raftbench/workloads"
)

// Arm is one thing that is measured for a claim. Zero fields have the defaults of
// raftbench run.
type Arm struct {
	Transport string // as on the command line, "grpc:mode=unary"; in LayerCodec a codec
	Clients   int    // of a closed loop
	Rate      int    // of an open loop instead, in operations per second
	Payload   int    // bytes

	Policy   batch.Policy
	Linger   time.Duration
	Pipeline int
}

// What an arm has where a claim does not say. They are the defaults of raftbench run.
const (
	defaultPayload  = 128 // bytes
	defaultPipeline = 4
	defaultNodes    = 3
)

// Label names the arm within its results: the transport, the clients, and what a
// claim says besides.
func (a Arm) Label() string {
	parts := []string{a.Transport}
	add := func(there bool, format string, value any) {
		if there {
			parts = append(parts, fmt.Sprintf(format, value))
		}
	}
	add(a.Clients > 0, "c=%d", a.Clients)
	add(a.Rate > 0, "r=%d", a.Rate)
	add(a.Payload > 0, "payload=%s", core.FormatSize(a.Payload))
	add(a.Policy != "", "batch.policy=%s", a.Policy)
	add(a.Linger > 0, "linger=%v", a.Linger)
	add(a.Pipeline > 0, "pipeline=%d", a.Pipeline)
	return strings.Join(parts, " ")
}

func (a Arm) payload() int { return orElse(a.Payload, defaultPayload) }

func orElse(value, otherwise int) int {
	if value == 0 {
		return otherwise
	}
	return value
}

// settings are the lists of an experiment with this arm alone, based on base.
func (a Arm) settings(base experiment.Settings, spec transports.Spec) *experiment.Settings {
	base.Named = nil
	base.Transports = []transports.Spec{spec}
	base.Nodes, base.Clients, base.Rates = []int{defaultNodes}, []int{max(a.Clients, 1)}, nil
	if a.Rate > 0 {
		base.Rates = []float64{float64(a.Rate)}
	}
	base.Payloads, base.Pipelines = []int{a.payload()}, []int{orElse(a.Pipeline, defaultPipeline)}
	base.BatchSizes, base.Lingers, base.Policies = []int{batch.DefaultSizeBytes}, []time.Duration{a.Linger}, nil
	if a.Policy != "" {
		base.Policies = []batch.Policy{a.Policy}
	}
	if base.Layer == experiment.LayerEcho {
		base.Nodes, base.Pipelines = []int{1}, []int{1}
	}
	return &base
}

const (
	opTimeout      = 5 * time.Second // that an operation has
	maxOutstanding = 1 << 16         // operations of an open loop
)

// common are the settings that no claim changes.
func common(base experiment.Settings) experiment.Settings {
	return experiment.Settings{
		ReadMode: experiment.ReadIndex, Keys: workloads.DefaultKeys, MaxOutstanding: maxOutstanding, Timeout: opTimeout,
		Duration: base.Duration, Warmup: base.Warmup, Idle: base.Idle, Repeat: base.Repeat, Seed: base.Seed, Slice: base.Slice,
	}
}

// lacks says which transport or option of a spec there is not in a table: "no option
// io". It is empty if all are there.
func lacks(table []transports.Named, spec string) string {
	name, options, _ := strings.Cut(spec, ":")
	named, err := transports.Find(table, name)
	if err != nil {
		return "no transport " + name
	}
	for setting := range strings.SplitSeq(options, ":") {
		option, _, given := strings.Cut(setting, "=")
		if given && option != core.ProfileOption && !slices.ContainsFunc(named.Options, func(o core.Option) bool { return o.Name == option }) {
			return "no option " + option
		}
	}
	return ""
}
