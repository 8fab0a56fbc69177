package workloads

import (
	"context"
	"testing"
	"time"
)

// measurement.md and the issue: percentiles of a target with a known distribution
// lie within 1 % (p50 to p99) and 3 % (p99.9) of the truth.
func TestPercentilesAreTrue(t *testing.T) {
	list, err := CheckPercentiles(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, a := range list {
		t.Log(&a)
		names[a.Distribution] = true
		if !a.OK() {
			t.Errorf("%v", &a)
		}
	}
	if len(list) != 18 || len(names) != 3 {
		t.Fatalf("%d percentiles of %d distributions were checked, want 18 of 3", len(list), len(names))
	}
}

func TestAccuracyIsRelative(t *testing.T) {
	for _, tt := range []struct {
		reported time.Duration
		ok       bool
	}{{1009 * ms, true}, {991 * ms, true}, {1011 * ms, false}, {989 * ms, false}} {
		a := Accuracy{True: time.Second, Reported: tt.reported, Allowed: 0.01}
		if a.OK() != tt.ok {
			t.Fatalf("%v: accepted: %v, want %v", &a, a.OK(), tt.ok)
		}
	}
}

func TestCheckingPercentilesCanBeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := CheckPercentiles(ctx, 1); err == nil {
		t.Fatalf("no error although it was cancelled")
	}
}
