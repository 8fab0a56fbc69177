package rawtcp

import (
	"errors"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
)

// under returns calls under way, and their ids.
func under(n int) (*pending, []uint64) {
	p := &pending{earliest: never}
	var ids []uint64
	for range n {
		ids = append(ids, p.add(new(core.Call), 1, 1))
	}
	p.stamp(0)
	return p, ids
}

func TestCreditHoldsCallsInOrder(t *testing.T) {
	p, ids := under(4)
	c := newCredit(true)
	if c.hold(ids[0], p) {
		t.Fatal("held although there is credit")
	}
	c.left = 0
	for _, id := range ids[1:] {
		if !c.hold(id, p) {
			t.Fatal("not held without credit")
		}
	}
	if c.next(p) != nil {
		t.Fatal("let through without credit")
	}
	p.take(p.find(ids[2])) // it has timed out meanwhile
	c.left = 1
	if !c.hold(ids[0], p) {
		t.Error("overtook those that wait")
	}
	for _, want := range []uint64{ids[1], ids[3], ids[0]} {
		if s := c.next(p); s == nil || s.id != want {
			t.Fatalf("let through %+v, want call %d", s, want)
		}
	}
	if s := c.next(p); s != nil || c.hold(ids[0], p) {
		t.Error("somebody still waits")
	}
}

// What waits for credit is bounded by the calls under way, however many have
// timed out.
func TestCreditForgetsCallsThatHaveEnded(t *testing.T) {
	p, _ := under(10)
	c := newCredit(true)
	c.left = 0
	for range 10000 {
		id := p.add(new(core.Call), 1, 1)
		c.hold(id, p)
		p.stamp(0)
		p.take(p.find(id))
	}
	if n := len(c.waiting); n > 100 {
		t.Errorf("%d calls wait, and none of them is under way", n)
	}
}

// Nor does it grow while calls come and go and somebody always waits.
func TestCreditForgetsCallsThatWereLetThrough(t *testing.T) {
	p, _ := under(10)
	c := newCredit(true)
	c.left = 0
	add := func() {
		c.hold(p.add(new(core.Call), 1, 1), p)
		p.stamp(0)
	}
	add()
	for range 10000 {
		add()
		c.left = 1
		s := c.next(p)
		if s == nil {
			t.Fatal("not let through although there is credit")
		}
		c.left = 0
		p.take(s)
	}
	if n := len(c.waiting); n > 100 {
		t.Errorf("the list is %d long, and one call waits", n)
	}
}

func TestCreditThatNobodyOwesIsRefused(t *testing.T) {
	on, off := newCredit(true), newCredit(false)
	for name, err := range map[string]error{
		"more than was sent":      on.repaid(1),
		"to one who has none":     off.repaid(1),
		"a limit not asked for":   off.grant(fullCredit),
		"no limit":                on.grant(0),
		"a limit below the first": on.grant(firstCredit - 1),
	} {
		if !errors.Is(err, errBadFrame) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := on.grant(fullCredit); err != nil || on.left != fullCredit {
		t.Errorf("%d of %d are left: %v", on.left, fullCredit, err)
	}
}

func TestDebtIsPaidInParts(t *testing.T) {
	d := debt{limit: 400}
	var paid []int
	for range 10 {
		paid = append(paid, d.answered(30))
	}
	sum := d.owed
	for _, n := range paid {
		sum += n
	}
	if sum != 300 || d.owed >= 100 || paid[3] != 120 || paid[0] != 0 {
		t.Errorf("paid %v and owes %d", paid, d.owed)
	}
	if n := new(debt).answered(1 << 30); n != 0 {
		t.Errorf("paid %d to one who asked for no credit", n)
	}
}

// A receiver that does not answer is sent what it granted and one request more at
// most, however many calls there are; with its answers the rest comes.
func TestCreditBoundsWhatIsOnItsWay(t *testing.T) {
	for _, gnet := range []bool{false, true} {
		set := settingsOf(gnet)
		set.credits = true
		l := listenLocal(t)
		server := &endpoint{t: t}
		server.receive = server.hold
		server.transport = opened(t, set, core.Endpoint{Self: 2, Listener: l, Handler: server})
		client := &endpoint{t: t, ended: make(chan *core.Call, 1000)}
		client.transport = opened(t, set, core.Endpoint{Self: 1, Handler: client, Dial: dialTo(l)})

		const calls, size = 100, 64 << 10
		for i := range calls {
			client.call(&core.AppendEntriesRequest{Session: uint64(i), Entries: []core.Entry{{Index: 1, Data: make([]byte, size)}}}, patience)
		}
		const granted = fullCredit/size + 1
		answered := 0
		for answered < calls {
			var taken []*core.Incoming
			server.eventually("requests", func() bool {
				server.mu.Lock()
				defer server.mu.Unlock()
				taken = append(taken, server.incoming...)
				server.incoming = nil
				return len(taken) >= min(granted-granted/creditParts-1, calls-answered)
			})
			if len(taken) > granted {
				t.Fatalf("io=gnet %t: %d requests of %d KiB arrived unanswered, with credit for %d", gnet, len(taken), size>>10, granted)
			}
			for _, r := range taken {
				if got := r.Request.(*core.AppendEntriesRequest).Session; got != uint64(answered) {
					t.Fatalf("request %d arrived instead of %d", got, answered)
				}
				answered++
			}
			server.Reply(taken)
		}
		for range calls {
			if c := client.wait(); c.Err != nil {
				t.Fatal(c.Err)
			}
		}
		if err := errors.Join(client.Close(), server.Close()); err != nil {
			t.Error(err)
		}
	}
}

// A call that waits for credit ends on time, and what it pointed to is not looked
// at any more.
func TestCallsThatWaitForCreditTimeOut(t *testing.T) {
	l := listenLocal(t)
	set := settingsOf(false)
	set.credits = true
	client := &endpoint{t: t, ended: make(chan *core.Call, 1000)}
	client.transport = opened(t, set, core.Endpoint{Self: 1, Handler: client, Dial: dialTo(l)})
	defer client.Close()
	for range 20 {
		client.call(&core.AppendEntriesRequest{Entries: []core.Entry{{Index: 1, Data: make([]byte, firstCredit)}}}, time.Millisecond)
	}
	for range 20 {
		if c := client.wait(); !errors.Is(c.Err, core.ErrTimeout) {
			t.Fatalf("a call that nobody let through ended with %v", c.Err)
		}
	}
}
