package workloads

import (
	"testing"
	"time"
)

// The total of a phase has the operations of all types, also those of which it has
// nothing but their ends.
func TestTotalHasAllTypes(t *testing.T) {
	var all, alone Phase
	record := func(p *Phase, kind OpType, n int) {
		o := &p.Ops[kind]
		o.Started, o.Succeeded, o.Completed = uint64(n), uint64(n), uint64(n)
		o.Response = newHistogram()
		for range n {
			o.record(o.Response, time.Millisecond)
		}
	}
	record(&all, Get, 2)
	record(&all, Put, 3)
	if o := all.Total(); o.Succeeded != 5 || o.Response.TotalCount() != 5 {
		t.Errorf("%d succeeded, %d recorded, want 5", o.Succeeded, o.Response.TotalCount())
	}
	if n := all.Ops[Get].Response.TotalCount() + all.Ops[Put].Response.TotalCount(); n != 5 {
		t.Errorf("afterwards the phase has %d", n)
	}
	record(&alone, Put, 3)
	if o := alone.Total(); o.Succeeded != 3 || o.Response.TotalCount() != 3 {
		t.Errorf("%d succeeded, %d recorded, want 3", o.Succeeded, o.Response.TotalCount())
	}
	alone.Ops[Get].Completed = 1 // it began in the phase before
	if o := alone.Total(); o.Completed != 4 || o.Response.TotalCount() != 3 {
		t.Errorf("%d completed, %d recorded, want 4 and 3", o.Completed, o.Response.TotalCount())
	}
}

// A snapshot may come between the start of an operation and the record of its lag.
func TestALagAloneIsMerged(t *testing.T) {
	var from, into Phase
	from.Ops[Put].Lag = newHistogram()
	from.Ops[Put].record(from.Ops[Put].Lag, time.Microsecond)
	into.merge(&from)
	if h := into.Ops[Put].Lag; h == nil || h.TotalCount() != 1 {
		t.Fatal("the lag is lost")
	}
	if into.Ops[Get].Lag != nil {
		t.Fatal("the lag is of another type")
	}
}
