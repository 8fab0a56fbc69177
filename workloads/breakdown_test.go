package workloads

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core/client"
)

func TestThePartsOfAnOperationAddUpToItsResponse(t *testing.T) {
	r := NewRecorder(Open, 0, nil, nil)
	r.Begin(10 * ms)
	stages := client.Stages{1 * ms, 2 * ms, 3 * ms, 4 * ms, 5 * ms, 6 * ms, 7 * ms, 8 * ms} // 36 ms
	record := func(s Sample) {
		s.Took = stages.Sum()
		r.Start(s.Type, s.Intended)
		r.Record(s)
	}
	record(Sample{Intended: 5 * ms, Sent: 6 * ms, Done: 50 * ms, Stages: &stages})                                   // in the warm-up
	record(Sample{Intended: 20 * ms, Sent: 22 * ms, Done: 60 * ms, Stages: &stages})                                 // 2 + 36 + 2
	record(Sample{Intended: 30 * ms, Sent: 33 * ms, Done: 68 * ms, Stages: &stages})                                 // 3 + 36 - 1: overlapping
	record(Sample{Intended: 30 * ms, Sent: 30 * ms, Done: 130 * ms})                                                 // not sampled
	record(Sample{Intended: 40 * ms, Sent: 40 * ms, Done: 99 * ms, Stages: &stages, Outcome: client.OutcomeUnknown}) // no latency
	o := measured(r).Window.Total()
	b := o.Breakdown
	if b == nil || b.Samples != 2 || b.Overlapping != 1 || b.Response != 78*ms {
		t.Fatalf("breakdown %+v", b)
	}
	want := [NumParts]time.Duration{5 * ms, 2 * ms, 4 * ms, 6 * ms, 8 * ms, 10 * ms, 12 * ms, 14 * ms, 16 * ms, 1 * ms}
	if diff := cmp.Diff(want, b.Sums); diff != "" {
		t.Fatalf("sums of the parts (-want +got):\n%s", diff)
	}
	sum := time.Duration(0)
	for p, h := range b.Histograms {
		sum += b.Sums[p]
		if h.TotalCount() != 2 {
			t.Fatalf("%v: the histogram has %d of 2 samples", Part(p), h.TotalCount())
		}
	}
	if sum != b.Response {
		t.Fatalf("the parts add up to %v, the responses to %v", sum, b.Response)
	}
	if got := b.Histograms[PartDeliver].Min(); got != 0 {
		t.Fatalf("the overlapping operation is %v in the histogram of %v, want 0", got, PartDeliver)
	}
	if b.Mean(PartDispatch) != 2500*time.Microsecond || (&Breakdown{}).Mean(PartDispatch) != 0 {
		t.Fatalf("mean of %v: %v", PartDispatch, b.Mean(PartDispatch))
	}
	// All operations, not only the sampled ones.
	if got := o.MeanResponse(); got != float64((40+38+100)*ms)/3 {
		t.Fatalf("mean response of all operations: %v", time.Duration(got))
	}
}

// A stage that the client forgets is in no other part: the sum lacks it.
func TestALostStageIsMissing(t *testing.T) {
	all := client.Stages{1 * ms, 2 * ms, 3 * ms, 4 * ms, 5 * ms, 6 * ms, 7 * ms, 8 * ms}
	for lost := range all {
		b, stages := newBreakdown(), all
		stages[lost] = 0
		b.add(&Sample{Intended: 1 * ms, Sent: 2 * ms, Done: 40 * ms, Stages: &stages, Took: all.Sum()})
		sum := time.Duration(0)
		for _, d := range b.Sums {
			sum += d
		}
		if b.Response-sum != all[lost] {
			t.Errorf("without %v, which took %v, the parts add up to %v of %v", client.Stage(lost), all[lost], sum, b.Response)
		}
	}
}

func TestPartsHaveTheNamesOfTheStages(t *testing.T) {
	var names []string
	for p := range Part(NumParts) {
		names = append(names, p.String())
	}
	want := []string{"dispatch", "queue", "linger", "request", "inbox", "log", "quorum", "apply", "reply", "deliver"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Fatalf("names (-want +got):\n%s", diff)
	}
}

// Through the driver: the target samples every tenth operation, and says that
// all of its time was in the queue.
func TestTheDriverRecordsWhatTheClientSampled(t *testing.T) {
	v := &virtualTime{latency: answerIn(3 * ms)}
	n := 0
	m := runOn(t, Config{Schedule: open(1000, Constant), Duration: time.Second}, v, func(worker int, done func([]*client.Op)) (Target, error) {
		return v.connect(worker, func(ops []*client.Op) {
			for _, op := range ops {
				n++
				op.Sampled = n%10 == 0
				op.Stages, op.Took = client.Stages{client.StageQueue: 2 * ms}, 2*ms
			}
			done(ops)
		})
	})
	b := m.Window.Ops[Put].Breakdown
	if b == nil || b.Samples != 100 || b.Response != 300*ms || b.Sums[1+Part(client.StageQueue)] != 200*ms || b.Sums[PartDeliver] != 100*ms {
		t.Fatalf("breakdown %+v, want 100 samples of 3 ms, 2 of them in the queue", b)
	}
	if m.Window.Ops[Get].Breakdown != nil {
		t.Fatalf("a breakdown of gets, of which there were none")
	}
}

func TestSamplingDoesNotAllocate(t *testing.T) {
	r := NewRecorder(Open, time.Second, nil, nil)
	r.Begin(0)
	s := ok(Put, 1, 2, 3)
	s.Stages = &client.Stages{1}
	r.Record(s) // makes the histograms
	if n := testing.AllocsPerRun(1000, func() { r.Record(s) }); n != 0 {
		t.Fatalf("%v allocations for a sampled operation", n)
	}
}
