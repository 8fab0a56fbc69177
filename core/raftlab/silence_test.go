package raftlab

import (
	"testing"
	"testing/synctest"
	"time"
)

// nobody is a peer that cannot be reached.
type nobody struct{}

func (nobody) Call(string, any, any) bool { return false }

// pair is two servers in a bubble, whose time passes at once.
type pair struct {
	*testing.T
	disks   [2]disk
	ends    [2]direct // to the server of that index
	servers [2]*Raft
	applied [2]chan ApplyMsg
}

func (p *pair) start(i int) {
	p.applied[i] = make(chan ApplyMsg, 10)
	peers := []*direct{&p.ends[0], &p.ends[1]}
	r, err := Make(peers, i, &p.disks[i], p.applied[i], Options{Seed: uint64(i)})
	if err != nil {
		p.Fatal(err)
	}
	p.servers[i] = r
	p.ends[i].set(r)
}

func (p *pair) kill() {
	for i, r := range p.servers {
		p.ends[i].set(nil)
		r.Kill()
		r.Wait()
	}
}

// agree waits for a leader, and until both servers have applied a command.
func (p *pair) agree(command string) {
	for !p.propose(command) {
		<-time.After(TickMillis * time.Millisecond)
	}
	for i := range p.applied {
		if m := <-p.applied[i]; m.Command != command {
			p.Fatalf("server %d applies %v, want %s", i, m.Command, command)
		}
	}
}

func (p *pair) propose(command string) (taken bool) {
	for _, r := range p.servers {
		if _, _, leads := r.Start(command); leads {
			return true
		}
	}
	return false
}

// A server that knows from its disk that a command is committed says so only after a
// peer's message: until then the suite may not have the server in its list.
func TestNothingIsAppliedBeforeAPeerIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pair{T: t}
		p.start(0)
		p.start(1)
		p.agree("one")
		p.agree("two") // which is saved with the commit of the first
		p.kill()

		p.start(0)
		<-time.After(time.Minute)
		select {
		case m := <-p.applied[0]:
			t.Errorf("after a restart, and nothing heard: %+v", m)
		default:
		}
		p.start(1)
		if m := <-p.applied[0]; m.Command != "one" || m.CommandIndex != 1 {
			t.Errorf("after the other server came back: %+v, want the first command", m)
		}
		p.kill()
	})
}

// Kill may meet a server that is about to hand over the next command, to a service
// that is ready for it.
func TestNothingIsAppliedAfterKill(t *testing.T) {
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			applied := make(chan ApplyMsg)
			r, err := Make([]Caller{nobody{}}, 0, new(disk), applied, Options{})
			if err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Minute) // it elects itself
			for _, command := range []string{"one", "two", "three"} {
				if _, _, leads := r.Start(command); !leads {
					t.Fatal("the only server does not lead")
				}
			}
			synctest.Wait()
			<-applied
			r.Kill()
			select {
			case m := <-applied:
				t.Errorf("after Kill: %+v", m)
			case <-time.After(time.Minute):
			}
			r.Wait()
		})
	}
}
