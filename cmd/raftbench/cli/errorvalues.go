package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/raftbench/raftbench/cmd/raftbench/settings"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/experiment/fault"
)

// off turns a setting off.
const off = "off"

// retryValue is a flag of a retry mode.
type retryValue struct{ mode *client.RetryMode }

// Set implements pflag.Value.
func (v retryValue) Set(s string) error {
	mode := client.RetryMode(s)
	if !slices.Contains(client.RetryModes(), mode) {
		return fmt.Errorf("%q is not a way to retry: allowed are %s", s, join(client.RetryModes()))
	}
	*v.mode = mode
	return nil
}

// String implements pflag.Value.
func (v retryValue) String() string { return string(*v.mode) }

// Type implements pflag.Value.
func (v retryValue) Type() string { return "mode" }

// budgetValue is a flag of a budget, of which a user says the share.
type budgetValue struct{ budget *client.Budget }

// Set implements pflag.Value.
func (v budgetValue) Set(s string) error {
	if s == off {
		*v.budget = client.Budget{}
		return nil
	}
	digits, ok := strings.CutSuffix(s, "%")
	percent, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if !ok || err != nil || !(percent >= 0 && percent <= 100) {
		return fmt.Errorf("%q is not a budget: want 0%% to 100%%, or off", s)
	}
	*v.budget = client.DefaultBudget()
	v.budget.Ratio = percent / 100
	return nil
}

// String implements pflag.Value.
func (v budgetValue) String() string {
	if *v.budget == (client.Budget{}) {
		return off
	}
	return strconv.FormatFloat(100*v.budget.Ratio, 'f', -1, 64) + "%"
}

// Type implements pflag.Value.
func (v budgetValue) Type() string { return "share" }

// hedgeValue is a flag of when to hedge.
type hedgeValue struct{ hedge *client.Hedge }

// Set implements pflag.Value.
func (v hedgeValue) Set(s string) error {
	if s == off {
		*v.hedge = client.Hedge{}
		return nil
	}
	if digits, ok := strings.CutPrefix(s, "p"); ok {
		percent, err := strconv.ParseFloat(digits, 64)
		if err != nil || !(percent >= 50 && percent <= 99.9) {
			return fmt.Errorf("%q is not a quantile: want p50 to p99.9", s)
		}
		*v.hedge = client.Hedge{Quantile: percent / 100}
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q says no time: want a duration above 0 with a unit such as 5ms, a quantile such as p95, or off", s)
	}
	*v.hedge = client.Hedge{After: d}
	return nil
}

// String implements pflag.Value.
func (v hedgeValue) String() string { return v.hedge.String() }

// Type implements pflag.Value.
func (v hedgeValue) Type() string { return "time" }

// faultValue is a flag of a fault script.
type faultValue struct{ script *fault.Script }

// Set implements pflag.Value.
func (v faultValue) Set(s string) error {
	script, err := fault.Parse(s)
	if err == nil {
		*v.script = script
	}
	return err
}

// String implements pflag.Value.
func (v faultValue) String() string { return v.script.String() }

// Type implements pflag.Value.
func (v faultValue) Type() string { return "script" }

// The names of the flag of a fault script.
const (
	faultFlag = "fault"
	eventFlag = "event"
)

// resolveEvents makes one setting of --fault and --event: that of the stronger source.
func (f *runFlags) resolveEvents(sources settings.Sources) error {
	source := sources.Of(eventFlag)
	switch {
	case source == settings.Default:
		return nil
	case source == sources.Of(faultFlag):
		return fmt.Errorf("--%s %q, --%s %q: the two are the same: want one of them", faultFlag, f.Faults, eventFlag, f.events)
	case sources.Stronger(eventFlag, faultFlag):
		f.Faults, f.FaultsFlag, sources[faultFlag] = f.events, "--"+eventFlag, source
	}
	delete(sources, eventFlag)
	return nil
}
