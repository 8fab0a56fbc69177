package node

import (
	"slices"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
	"github.com/raftbench/raftbench/core/memlog"
	"github.com/raftbench/raftbench/core/raft"
)

// worked is a log that is worked off in steps of a millisecond, and what clients ask of it.
type worked struct {
	forecast
	log     []time.Duration // when what is in it was asked for
	held    int             // requests it holds at most
	patient time.Duration   // how long a client waits

	useful, useless, refused int
}

const oneByte = 1

// ask asks for so many requests.
func (w *worked) ask(n int, now time.Duration) {
	for range n {
		if len(w.log) == w.held || len(w.log) > 0 && w.late(w.patient, now-w.log[0]) {
			w.refused++
			continue
		}
		w.log = append(w.log, now)
		w.proposed(oneByte, now)
	}
}

// answer answers so many requests.
func (w *worked) answer(n int, now time.Duration) {
	n = min(n, len(w.log))
	for _, asked := range w.log[:n] {
		if w.answered(oneByte, now); now-asked <= w.patient {
			w.useful++
		} else {
			w.useless++
		}
	}
	w.log = slices.Delete(w.log, 0, n)
}

// Ten times as much is asked as can be done, and the log may hold four times as much as can
// be done while clients wait. Nearly all of what is done is done in time; without
// the forecast nothing is, and nothing would ever be again.
func TestOverloadedLogWorksForThoseWhoWait(t *testing.T) {
	const capacity, start, length = 10, 6_000, 20_000 // a millisecond; milliseconds
	w := worked{held: 4000 * capacity, patient: time.Second}
	for ms := range length {
		if ms == start { // the log was full before anything was known
			w.useful, w.useless = 0, 0
		}
		now := time.Duration(ms) * time.Millisecond
		w.ask(10*capacity, now)
		pace := capacity
		if ms/500%2 == 1 {
			pace = capacity * 3 / 4 // no disk is as fast all the time
		}
		w.answer(pace, now)
	}
	all := w.useful + w.useless
	if could := (length - start) * (capacity + capacity*3/4) / 2; all != could || w.useful < all*9/10 {
		t.Errorf("%d of %d were answered in time; want nine of ten, and %d in all, which is what can be done", w.useful, all, could)
	}
}

// A cluster that can do what is asked of it refuses nothing: neither while it stands still
// for half of the time that clients wait, nor when it goes on.
func TestStallIsNoOverload(t *testing.T) {
	const capacity = 10
	for name, load := range map[string]int{"half": capacity / 2, "seven tenths": capacity * 7 / 10} {
		w := worked{held: 1 << 30, patient: 5 * time.Second}
		for ms := range 30_000 {
			now := time.Duration(ms) * time.Millisecond
			w.ask(load, now)
			if ms%10_000 >= 2000 { // two seconds of ten nothing is done
				w.answer(capacity, now)
			}
		}
		if w.refused > 0 {
			t.Errorf("%s of what can be done: %d of %d refused", name, w.refused, 30_000*load)
		}
	}
}

// What clients ask of a cluster that is far away, all the time and little, says nothing about
// how much it can do: a burst is let in.
func TestLittleLoadIsNoForecast(t *testing.T) {
	const way = 200 // ms until something is answered, however much there is
	w := worked{held: 1 << 30, patient: 5 * time.Second}
	for ms := range 10_000 {
		now := time.Duration(ms) * time.Millisecond
		if ms%20 == 0 {
			w.ask(1, now)
		}
		if ms == 5000 {
			w.ask(10_000, now)
		}
		due := 0
		for due < len(w.log) && now-w.log[due] >= way*time.Millisecond {
			due++
		}
		w.answer(due, now)
	}
	if w.refused > 0 {
		t.Errorf("%d refused of what would have been answered in %d ms", w.refused, way)
	}
}

// What would be too late is refused before it gets into the log, as not executed, and what
// has no end or time enough is not.
func TestWhatWouldBeTooLateIsNotProposed(t *testing.T) {
	const now = 1_000
	for _, tt := range []struct {
		expires time.Duration
		known   int
		late    bool
	}{
		{expires: now + 1_999, known: forecastIntervals, late: true},
		{expires: now + 1_999, known: forecastIntervals - 1},
		{expires: now + 2_000, known: forecastIntervals},
		{known: forecastIntervals},
	} {
		n := &Node{config: Config{ID: 1, MaxClientBytes: 1 << 20}}
		var err error
		if n.raft, err = raft.New(raft.Config{ID: 1, Voters: []core.NodeID{1}, Log: memlog.New(), ElectionTicks: 10, HeartbeatTicks: 1}); err != nil {
			t.Fatal(err)
		}
		n.proposed.queue = batch.NewQueue[*core.Incoming](batch.Config{})
		n.proposed.pending = []proposal{{request: write(0), at: now - 1_000}}
		n.proposed.forecast = forecast{pending: 1000, known: tt.known, rates: [forecastIntervals]float64{0.5, 1}}
		r := write(tt.expires)
		n.proposeOne(r, now)
		want := core.StatusNotLeader // as raft says, which was asked
		if tt.late {
			want = core.StatusExpired
		}
		if got := r.Response.(*core.ProposeResponse).Status; got != want {
			t.Errorf("%+v: %v, want %v", tt, got, want)
		}
	}
}

func write(expires time.Duration) *core.Incoming {
	return &core.Incoming{Request: &core.ProposeRequest{Commands: [][]byte{{1}}}, Response: new(core.ProposeResponse), Expires: expires}
}

// The forecast is told of what is answered, and forgets everything when the leader of the log
// does not lead any more.
func TestForecastFollowsTheLog(t *testing.T) {
	n := &Node{config: Config{ID: 1}}
	var err error
	if n.raft, err = raft.New(raft.Config{ID: 1, Voters: []core.NodeID{1}, Log: memlog.New(), ElectionTicks: 10, HeartbeatTicks: 1}); err != nil {
		t.Fatal(err)
	}
	n.proposed.queue = batch.NewQueue[*core.Incoming](batch.Config{})
	n.proposed.pending = []proposal{{write(0), 5, 5, 100, 0}, {write(0), 6, 6, 70, 0}}
	n.proposed.forecast.proposed(170, 0)
	if n.applied(5, [][]byte{{1}}); n.proposed.forecast.pending != 70 {
		t.Errorf("after one of two: %+v", n.proposed.forecast)
	}
	if n.abandon(nil); n.proposed.forecast != (forecast{}) {
		t.Errorf("after the leadership: %+v", n.proposed.forecast)
	}
}
