package experiment

import (
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/workloads"
)

// recorded is the record of n operations.
func recorded(r *workloads.Recorder, n int, operation func(i int) workloads.Sample) *workloads.OpRecord {
	r.Begin(0)
	for i := range n {
		s := operation(i)
		r.Start(s.Type, s.Intended)
		r.Record(s)
	}
	var m workloads.Measurement
	r.End(time.Hour)
	r.AddTo(&m)
	total := m.Window.Total()
	return &total
}

// sampled says that s was sampled, and took so long in stages; change sees what the client
// says of them.
func sampled(s *workloads.Sample, stages client.Stages, change func(*client.Stages)) {
	s.Took = stages.Sum()
	change(&stages)
	s.Stages = &stages
}

// tenStages records operations of ten milliseconds, one in each part, of which every
// n-th is sampled; change sees what the client says of it.
func tenStages(every int, change func(*client.Stages)) *workloads.OpRecord {
	const ms = time.Millisecond
	return recorded(workloads.NewRecorder(workloads.Open, 0, nil, nil), 100*every, func(i int) workloads.Sample {
		at := time.Duration(i) * ms
		s := workloads.Sample{Intended: at, Sent: at + ms, Done: at + 10*ms}
		if i%every == 0 {
			sampled(&s, client.Stages{ms, ms, ms, ms, ms, ms, ms, ms}, change)
		}
		return s
	})
}

// Whatever the share of operations that are sampled, all of them included, a stage that was
// lost on the way from the client to the result is noted, and not hidden in another.
func TestALostStageIsNoted(t *testing.T) {
	for _, every := range []int{1, sampleEvery} {
		if text := noteStages(&evidence{breakdown: breakdown(tenStages(every, func(*client.Stages) {}), workloads.Open)}); text != "" {
			t.Fatalf("1 in %d sampled, no stage lost: %s", every, text)
		}
		for lost := range client.Stage(client.NumStages) {
			b := breakdown(tenStages(every, func(s *client.Stages) { s[lost] = 0 }), workloads.Open)
			if text := noteStages(&evidence{breakdown: b}); !strings.Contains(text, "add up to 9.00 ms, and the mean response is 10.0 ms") {
				t.Errorf("1 in %d sampled, without %v: %q", every, lost, text)
			}
		}
	}
}

// outage records operations of a millisecond, among which slow ones of a second come
// together, as when nobody leads; one in sampleEvery is sampled, beginning with first.
func outage(first int, change func(*client.Stages)) *workloads.OpRecord {
	const ms = time.Millisecond
	return recorded(workloads.NewRecorder(workloads.Closed, 0, nil, nil), 20_000, func(i int) workloads.Sample {
		took := ms
		if i >= 10_000 && i < 10_040 {
			took = time.Second
		}
		at := time.Duration(i) * ms
		s := workloads.Sample{Intended: at, Sent: at, Done: at + took}
		if i%sampleEvery == first {
			sampled(&s, client.Stages{client.StageQueue: took / 2, client.StageLog: took / 2}, change)
		}
		return s
	})
}

// In a window with an outage it is chance how many of the few slow operations are sampled,
// and that is no reason to doubt the stages; one that was lost is, as anywhere.
func TestStagesOfAnOutage(t *testing.T) {
	missed := false
	for first := range sampleEvery {
		b := breakdown(outage(first, func(*client.Stages) {}), workloads.Closed)
		missed = missed || b.ByChance()
		if text := noteStages(&evidence{breakdown: b}); text != "" {
			t.Errorf("sampled from %d: %s", first, text)
		}
		lost := breakdown(outage(first, func(s *client.Stages) { s[client.StageLog] = 0 }), workloads.Closed)
		if noteStages(&evidence{breakdown: lost}) == "" {
			t.Errorf("sampled from %d: half of the time is in no stage, and nothing is said", first)
		}
	}
	if !missed {
		t.Error("no choice of samples misses the mean: the test shows nothing")
	}
}
