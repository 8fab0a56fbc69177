package linear_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/workloads"
	"github.com/raftbench/raftbench/workloads/kv"
	"github.com/raftbench/raftbench/workloads/linear"
)

func put(key, value string, from, to time.Duration) workloads.Event {
	return workloads.Event{Command: kv.AppendPut(nil, []byte(key), []byte(value)), Result: []byte{byte(kv.StatusOK)}, Invoked: from, Returned: to}
}

func get(key, value string, from, to time.Duration) workloads.Event {
	return workloads.Event{
		Type: workloads.Get, Command: kv.AppendGet(nil, []byte(key)),
		Result: append([]byte{byte(kv.StatusOK)}, value...), Invoked: from, Returned: to,
	}
}

func missing(key string, from, to time.Duration) workloads.Event {
	e := get(key, "", from, to)
	e.Result = []byte{byte(kv.StatusNotFound)}
	return e
}

func with(outcome client.Outcome, e workloads.Event) workloads.Event {
	e.Outcome, e.Result = outcome, nil
	return e
}

func TestCheck(t *testing.T) {
	const unknown, failed = client.OutcomeUnknown, client.OutcomeFailed
	for name, tt := range map[string]struct {
		events []workloads.Event
		want   error
	}{
		"nothing":                    {nil, nil},
		"in order":                   {[]workloads.Event{missing("k", 0, 1), put("k", "a", 2, 3), get("k", "a", 4, 5)}, nil},
		"an empty value is a value":  {[]workloads.Event{put("k", "", 0, 1), get("k", "", 2, 3)}, nil},
		"overlapping, either order":  {[]workloads.Event{put("k", "a", 0, 1), put("k", "b", 2, 9), get("k", "a", 3, 4), get("k", "b", 5, 6)}, nil},
		"a lost write":               {[]workloads.Event{put("k", "a", 0, 1), missing("k", 2, 3)}, linear.ErrNotLinearizable},
		"a stale read":               {[]workloads.Event{put("k", "a", 0, 1), put("k", "b", 2, 3), get("k", "a", 4, 5)}, linear.ErrNotLinearizable},
		"back and forth":             {[]workloads.Event{put("k", "a", 0, 1), put("k", "b", 2, 9), get("k", "b", 3, 4), get("k", "a", 5, 6)}, linear.ErrNotLinearizable},
		"a value from nowhere":       {[]workloads.Event{get("k", "a", 0, 1)}, linear.ErrNotLinearizable},
		"a value of another key":     {[]workloads.Event{put("j", "a", 0, 1), get("k", "a", 2, 3)}, linear.ErrNotLinearizable},
		"unknown took effect":        {[]workloads.Event{with(unknown, put("k", "a", 0, 1)), get("k", "a", 2, 3)}, nil},
		"unknown took effect late":   {[]workloads.Event{with(unknown, put("k", "a", 0, 1)), missing("k", 2, 3), get("k", "a", 8, 9)}, nil},
		"unknown took no effect":     {[]workloads.Event{with(unknown, put("k", "a", 0, 1)), missing("k", 2, 3)}, nil},
		"unknown, and taken back":    {[]workloads.Event{with(unknown, put("k", "a", 0, 1)), get("k", "a", 2, 3), missing("k", 4, 5)}, linear.ErrNotLinearizable},
		"unknown before its start":   {[]workloads.Event{get("k", "a", 0, 1), with(unknown, put("k", "a", 2, 3))}, linear.ErrNotLinearizable},
		"an unknown get says little": {[]workloads.Event{with(unknown, get("k", "", 0, 1)), put("k", "a", 2, 3)}, nil},
		"failed took effect":         {[]workloads.Event{with(failed, put("k", "a", 0, 1)), get("k", "a", 2, 3)}, linear.ErrNotLinearizable},
		"failed took no effect":      {[]workloads.Event{with(failed, put("k", "a", 0, 1)), missing("k", 2, 3)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if err := linear.Check(tt.events, time.Minute); !errors.Is(err, tt.want) {
				t.Fatalf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func TestTheErrorNamesTheKey(t *testing.T) {
	err := linear.Check([]workloads.Event{put("fine", "a", 0, 1), get("bad", "a", 2, 3)}, time.Minute)
	var bad *linear.NotLinearizableError
	if !errors.As(err, &bad) || string(bad.Key) != "bad" || bad.Operations != 1 || !strings.Contains(err.Error(), "626164") {
		t.Fatalf("error %v, want one that names the key", err)
	}
}

func TestAResultThatIsNoneIsAnError(t *testing.T) {
	for _, result := range [][]byte{nil, {byte(kv.StatusMalformed)}, {byte(kv.StatusFull)}, {9}, {byte(kv.StatusNotFound), 1}} {
		e := get("k", "", 0, 1)
		e.Result = result
		if err := linear.Check([]workloads.Event{e}, time.Minute); err == nil {
			t.Fatalf("result % x was accepted", result)
		}
	}
	e := put("k", "", 0, 1)
	e.Result = []byte{byte(kv.StatusNotFound)}
	if err := linear.Check([]workloads.Event{e}, time.Minute); err == nil {
		t.Fatalf("a put that found nothing was accepted")
	}
	if err := linear.Check([]workloads.Event{{Command: []byte{7}}}, time.Minute); err == nil {
		t.Fatalf("a malformed command was accepted")
	}
}

func TestManyUnknownPutsAreNoBurden(t *testing.T) {
	var events []workloads.Event
	for i := range 2000 {
		at := time.Duration(10 * i)
		e := put("k", time.Duration(i).String(), at, at+5)
		if i%2 == 0 {
			e = with(client.OutcomeUnknown, e)
		} else {
			events = append(events, get("k", time.Duration(i).String(), at+6, at+7))
		}
		events = append(events, e)
	}
	if err := linear.Check(events, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := linear.Check(events, 0); !errors.Is(err, linear.ErrUndecided) {
		t.Fatalf("error %v with no time, want ErrUndecided", err)
	}
}

// A checker that runs out of time has found nothing, and that is not the same as that
// there is nothing to be found (etcd's robustness tests once let it pass). All of these
// happen at the same time, in any of more orders than can be tried.
func TestOutOfTimeIsUndecided(t *testing.T) {
	var events []workloads.Event
	for i := range 30 {
		value := time.Duration(i).String()
		events = append(events, put("k", value, 0, 1000), get("k", value, 0, 1000))
	}
	// The last word is one value, and then another, which no order explains.
	events = append(events, get("k", "0s", 2000, 2001), get("k", "1ns", 2002, 2003))
	if err := linear.Check(events, 50*time.Millisecond); !errors.Is(err, linear.ErrUndecided) {
		t.Fatalf("error %v, want ErrUndecided", err)
	}
}

// store is a target with one kv.Machine, shared by all workers. Every so often
// it does something else than it should.
type store struct {
	mu      sync.Mutex
	machine *kv.Machine
	n       int
	stale   bool // answer some gets from a copy that is never brought up to date
	frozen  *kv.Machine
}

func (s *store) connect(_ int, done func([]*client.Op)) (workloads.Target, error) {
	return submitter(func(ops []*client.Op) {
		s.mu.Lock()
		for _, op := range ops {
			s.execute(op)
		}
		s.mu.Unlock()
		done(ops)
	}), nil
}

type submitter func(ops []*client.Op)

func (f submitter) Submit(ops []*client.Op) { f(ops) }

func (s *store) execute(op *client.Op) {
	s.n++
	op.Outcome, op.Err = client.OutcomeOK, nil
	switch {
	case s.n%13 == 0:
		op.Outcome, op.Err = client.OutcomeFailed, core.ErrOverflow
		return
	case s.n%17 == 0: // and not executed
		op.Outcome, op.Err = client.OutcomeUnknown, core.ErrTimeout
		return
	case s.n%19 == 0:
		op.Outcome, op.Err = client.OutcomeUnknown, core.ErrTimeout
	}
	var results core.Results
	machine := s.machine
	if s.stale && op.Read && s.n%7 == 0 {
		machine = s.frozen
	}
	if op.Read {
		machine.Query(op.Command, &results)
	} else {
		machine.Apply([]core.Entry{{Data: op.Command}}, &results)
	}
	op.Result = results.List()[0]
}

func TestHistoriesOfTheDriver(t *testing.T) {
	for _, stale := range []bool{false, true} {
		history := workloads.NewHistory(100_000)
		s := &store{machine: kv.New(0), frozen: kv.New(0), stale: stale}
		mix := workloads.Workload{Reads: 0.5, Keys: 20, PayloadMinBytes: 8, PayloadMaxBytes: 8}
		d, err := workloads.New(workloads.Config{
			Generate: mix.NewGenerator, Connect: s.connect,
			Workers: 2, Clients: 8, Operations: 5000, FailurePause: -1, History: history,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		events, dropped := history.Events()
		if len(events) != 5000 || dropped != 0 {
			t.Fatalf("%d events and %d dropped, want 5000 and 0", len(events), dropped)
		}
		err = linear.Check(events, time.Minute)
		if !stale && err != nil {
			t.Fatal(err)
		}
		if stale && !errors.Is(err, linear.ErrNotLinearizable) {
			t.Fatalf("error %v for a target with stale reads, want ErrNotLinearizable", err)
		}
	}
}
