package workloads

import (
	"context"
	"testing"
	"time"
)

func TestMeasuringTheDispatchLag(t *testing.T) {
	m, err := MeasureDispatchLag(context.Background(), 2000, 200*ms)
	if err != nil {
		t.Fatal(err)
	}
	o := m.Window.Total()
	if m.Loop != Open || m.Window.Duration() != 200*ms || o.Started < 200 || o.Lag.TotalCount() != int64(o.Succeeded) || o.Lag.Max() == 0 {
		t.Fatalf("%v loop, window of %v, %d started, %d lags up to %v", m.Loop, m.Window.Duration(), o.Started, o.Lag.TotalCount(), time.Duration(o.Lag.Max()))
	}
	if expected, observed, ok := LittlesLaw(m); !ok {
		t.Fatalf("%v operations under way, the latencies say %v", observed, expected)
	}
	if _, err := MeasureDispatchLag(context.Background(), -1, time.Second); err == nil {
		t.Fatalf("a negative rate was accepted")
	}
}
