package batch_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/raftbench/raftbench/core/batch"
)

// A script is a list of steps: "+5" pushes an item of 5 bytes, "@3" lets 3 ms
// pass, "fly2" says how many batches are in flight, "sole" that the caller
// waits, and "?" asks for a batch and records what came.
func play(c batch.Config, script string) []string {
	q := batch.NewQueue[int](c)
	s := batch.Situation{Now: time.Unix(1000, 0)}
	var got []string
	for i, step := range strings.Fields(script) {
		switch {
		case step == "?":
			items, reason := q.Next(s)
			got = append(got, fmt.Sprintf("%d %s", len(items), reason))
		case step == "sole":
			s.Sole = true
		case strings.HasPrefix(step, "fly"):
			s.InFlight = number(step[3:])
		case step[0] == '@':
			s.Now = s.Now.Add(time.Duration(number(step[1:])) * time.Millisecond)
		default:
			q.Push(i, 1, number(step[1:]), s.Now)
		}
	}
	return got
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

func TestPolicies(t *testing.T) {
	linger := batch.Config{SizeBytes: 10, Linger: 5 * time.Millisecond}
	count := batch.Config{SizeBytes: 1000, Ops: 3, Linger: 5 * time.Millisecond}
	adaptive := batch.Config{Policy: batch.Adaptive, SizeBytes: 10, Linger: 5 * time.Millisecond}
	for name, c := range map[string]struct {
		config batch.Config
		script string
		want   []string
	}{
		"nothing queued":                               {batch.Config{}, "? ", []string{"0 open"}},
		"none: every item alone":                       {batch.Config{Policy: batch.None}, "+1 +1 fly3 ? ? ?", []string{"1 single", "1 single", "0 open"}},
		"natural: at once when idle":                   {batch.Config{}, "+1 +1 ?", []string{"2 idle"}},
		"natural: gathers while one is under way":      {batch.Config{SizeBytes: 10}, "fly1 +1 ? +1 ? fly0 ?", []string{"0 open", "0 open", "2 idle"}},
		"natural: a full batch does not wait":          {batch.Config{SizeBytes: 10}, "fly1 +4 +4 ? +4 ? ?", []string{"0 open", "2 full", "0 open"}},
		"linger: batch.size first":                     {linger, "+4 ? +6 ?", []string{"0 open", "2 full"}},
		"linger: time first":                           {linger, "+4 @4 +1 ? @1 ?", []string{"0 open", "2 expired"}},
		"linger: counts from the first item":           {linger, "+1 @3 +1 @2 ?", []string{"2 expired"}},
		"linger: the next batch starts anew":           {linger, "+9 @3 +5 ? @4 ? @1 ?", []string{"1 full", "0 open", "1 expired"}},
		"linger: not for flights before":               {linger, "fly4 +4 @5 ?", []string{"1 expired"}},
		"linger: a sole waiter does not linger":        {linger, "+1 sole ?", []string{"1 sole item"}},
		"an oversize item goes alone":                  {linger, "+2 +30 +2 ? ? ?", []string{"1 full", "1 full", "0 open"}},
		"linger: what exceeds batch.size waits anew":   {linger, "+4 @3 +7 ? @4 ? @1 ?", []string{"1 full", "0 open", "1 expired"}},
		"an oversize item goes alone, whatever came":   {linger, "+30 ? +2 +30 ? ?", []string{"1 full", "1 full", "1 full"}},
		"count: the third closes it":                   {count, "+1 +1 ? +1 ?", []string{"0 open", "3 full"}},
		"count: not more in a batch":                   {count, "+1 +1 +1 +1 +1 +1 +1 ? ? ?", []string{"3 full", "3 full", "0 open"}},
		"count: time is a limit all the same":          {count, "+1 @5 ?", []string{"1 expired"}},
		"count: none closes by bytes":                  {count, "+600 +600 ?", []string{"1 full"}},
		"count: natural does not wait when full":       {batch.Config{Ops: 2}, "fly1 +1 ? +1 ?", []string{"0 open", "2 full"}},
		"adaptive: at once when idle":                  {adaptive, "+1 +1 ?", []string{"2 idle"}},
		"adaptive: begins as natural":                  {adaptive, "fly1 +1 ? @3 +1 ? fly0 ?", []string{"0 open", "0 open", "2 idle"}},
		"adaptive: a full batch does not wait":         {adaptive, "fly1 +4 +4 ? +4 ?", []string{"0 open", "2 full"}},
		"adaptive: never longer than linger":           {adaptive, "fly1 +1 @4 ? @1 ?", []string{"0 open", "1 expired"}},
		"adaptive: a sole waiter does not wait":        {adaptive, "fly1 +1 sole ?", []string{"1 sole item"}},
		"adaptive: without a linger there is no limit": {batch.Config{Policy: batch.Adaptive}, "fly1 +1 @10000 ? fly0 ?", []string{"0 open", "1 idle"}},
		"order is kept over many batches":              {batch.Config{SizeBytes: 2}, "+1 +1 +1 +1 +1 ? ? ?", []string{"2 full", "2 full", "1 idle"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, play(c.config, c.script)); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", c.script, diff)
			}
		})
	}
}

func TestDeadlineIsWhenTheFirstItemExpires(t *testing.T) {
	q := batch.NewQueue[string](batch.Config{Linger: 5 * time.Millisecond})
	if _, ok := q.Deadline(); ok {
		t.Fatal("an empty queue has a deadline")
	}
	start := time.Unix(1000, 0)
	q.Push("a", 1, 1, start)
	q.Push("b", 1, 1, start.Add(time.Millisecond))
	if at, ok := q.Deadline(); !ok || !at.Equal(start.Add(5*time.Millisecond)) {
		t.Fatalf("Deadline() = %v, %v; want 5 ms after the first item", at, ok)
	}
	if got := q.Remove(func(s string) bool { return s == "a" }); len(got) != 1 || q.Len() != 1 || q.Bytes() != 1 {
		t.Fatalf("Remove() = %v, leaving %d items, %d bytes; want b to stay", got, q.Len(), q.Bytes())
	}
	if at, ok := q.Deadline(); !ok || !at.Equal(start.Add(6*time.Millisecond)) {
		t.Fatalf("Deadline() = %v, %v after the first item was removed; want 5 ms after the second", at, ok)
	}
	q.Push("c", 1, 1, start)
	if got := q.Drain(); len(got) != 2 || q.Len() != 0 || q.Bytes() != 0 {
		t.Fatalf("Drain() = %v, leaving %d items, %d bytes", got, q.Len(), q.Bytes())
	}
}

func TestQueueIsFirstInFirstOut(t *testing.T) {
	q := batch.NewQueue[int](batch.Config{SizeBytes: 7})
	now := time.Unix(1000, 0)
	next := 0
	for i := range 1000 {
		q.Push(i, 1, 1+i%3, now)
		if i%5 != 0 {
			continue
		}
		items, _ := q.Next(batch.Situation{Now: now})
		for _, got := range items {
			if got != next {
				t.Fatalf("item %d came when %d was due", got, next)
			}
			next++
		}
	}
	if next+q.Len() != 1000 {
		t.Fatalf("%d taken and %d left of 1000", next, q.Len())
	}
}

func TestValidateNamesTheField(t *testing.T) {
	for want, c := range map[string]batch.Config{
		"policy":          {Policy: "eager"},
		"size -1":         {SizeBytes: -1},
		"linger -1ms":     {Linger: -time.Millisecond},
		"-1 operations":   {Ops: -1},
		"does not linger": {Policy: batch.Natural, Linger: time.Millisecond},
		"needs a linger":  {Policy: batch.Linger},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", c, err, want)
		}
	}
	for _, c := range []batch.Config{
		{Linger: time.Millisecond},
		{Policy: batch.Adaptive},
		{Policy: batch.Adaptive, Linger: time.Millisecond},
	} {
		if err := c.Validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
