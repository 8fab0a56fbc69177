package reports

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// costOf is a cost with v in every field.
func costOf(v int64) Cost {
	var c Cost
	fields := reflect.ValueOf(&c).Elem()
	for i := range fields.NumField() {
		fields.Field(i).Set(reflect.ValueOf(new(v)))
	}
	return c
}

// A field that is added to Cost must be subtracted too.
func TestNetCostSubtractsEveryField(t *testing.T) {
	r := &Replicate{Cost: costOf(100), Idle: new(costOf(30))}
	net := reflect.ValueOf(r.NetCost())
	for i := range net.NumField() {
		want := int64(70)
		if net.Type().Field(i).Name == "GoroutinesMax" {
			want = 100
		}
		if got := *net.Field(i).Interface().(*int64); got != want {
			t.Errorf("%s is %d, want %d", net.Type().Field(i).Name, got, want)
		}
	}
	if diff := cmp.Diff(costOf(100), r.Cost); diff != "" {
		t.Fatalf("the replicate was changed:\n%s", diff)
	}
}

func TestNetCostIsNeverNegativeAndInventsNothing(t *testing.T) {
	r := &Replicate{Cost: costOf(100), Idle: new(costOf(101))}
	r.Cost.Allocs, r.Idle.WireBytes = nil, nil
	net := r.NetCost()
	if *net.CPUUser != 0 || *net.WireBytes != 100 || net.Allocs != nil {
		t.Fatalf("CPU %d, wire %d, allocs %v; want 0, 100, nil", *net.CPUUser, *net.WireBytes, net.Allocs)
	}
	r.Idle = nil
	if diff := cmp.Diff(r.Cost, r.NetCost()); diff != "" {
		t.Fatalf("without an idle baseline (-want +got):\n%s", diff)
	}
}

func TestCostMetrics(t *testing.T) {
	r := &Replicate{Window: time.Second, Operations: Operations{Succeeded: 10}, Cost: costOf(2e6), Idle: new(costOf(1e6))}
	want := map[string]float64{
		"cpu_us_per_op": 200, "cpu_us_clients_per_op": 100, "cpu_us_nodes_per_op": 100, "wire_bytes_per_op": 1e5,
		"wire_segments_per_op": 1e5, "syscalls_per_op": 2e5, "context_switches_per_op": 2e5,
		"fsyncs_per_op": 1e5, "log_bytes_per_op": 1e5,
		"allocs_per_op": 1e5, "alloc_bytes_per_op": 1e5, "gc_pause_share": 0.001, "goroutines_max": 2e6,
	}
	for _, m := range CostMetrics() {
		if got, ok := m.Value(r); !ok || math.Abs(got-want[m.Name]) > 1e-9 {
			t.Errorf("%s is %g, %v; want %g", m.Name, got, ok, want[m.Name])
		}
		if _, ok := m.Value(&Replicate{}); ok {
			t.Errorf("%s of nothing has a value", m.Name)
		}
		if m.Format(1) == "" {
			t.Errorf("%s has no text", m.Name)
		}
	}
}
