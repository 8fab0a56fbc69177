package raftlab

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// direct calls a server in this process, or nobody while there is none. It does what
// the suite's network does with a call: everything crosses in gob, and the method is
// looked for by its name on the type that docs/raftlab.md adds.
type direct struct {
	mu     sync.Mutex
	server *Raft
}

func (d *direct) Call(method string, args, reply any) bool {
	d.mu.Lock()
	server := d.server
	d.mu.Unlock()
	if server == nil {
		return false
	}
	type Raft struct{ embedded }
	service := reflect.ValueOf(&Raft{server})
	name, found := strings.CutPrefix(method, reflect.Indirect(service).Type().Name()+".")
	if !found {
		return false
	}
	call := service.MethodByName(name)
	request := reflect.New(call.Type().In(0).Elem())
	response := reflect.New(call.Type().In(1).Elem())
	if throughGob(args, request.Interface()) != nil {
		return false
	}
	call.Call([]reflect.Value{request, response})
	return throughGob(response.Interface(), reply) == nil
}

// embedded is a Raft under a name that does not hide it.
type embedded = *Raft

func throughGob(from, to any) error {
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(from); err != nil {
		return err
	}
	return gob.NewDecoder(&buf).Decode(to)
}

func (d *direct) set(server *Raft) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.server = server
}

// message is a suite's own type of what is to be applied.
type message struct {
	CommandValid bool
	Command      any
	CommandIndex int

	SnapshotValid bool
	Snapshot      []byte
	SnapshotTerm  int
	SnapshotIndex int
}

// realLab is three servers in real time. Its service takes a snapshot of every second
// command, from within the goroutine that takes what is to be applied.
type realLab struct {
	*testing.T
	ends    []*direct
	disks   []*disk
	servers []*Raft
	applied []chan message
	reading sync.WaitGroup
}

func newRealLab(t *testing.T) *realLab {
	l := &realLab{T: t, servers: make([]*Raft, 3), applied: make([]chan message, 3)}
	for range l.servers {
		l.ends, l.disks = append(l.ends, new(direct)), append(l.disks, new(disk))
	}
	for i := range l.servers {
		l.start(i)
	}
	t.Cleanup(func() {
		for i := range l.servers {
			l.kill(i)
		}
		l.reading.Wait()
	})
	return l
}

func (l *realLab) start(i int) {
	toService := make(chan message)
	server, err := Make(l.ends, i, l.disks[i], toService, Options{Seed: uint64(i)})
	if err != nil {
		l.Fatal(err)
	}
	l.servers[i], l.applied[i] = server, make(chan message, 100)
	l.ends[i].set(server)
	applied := l.applied[i]
	l.reading.Go(func() {
		for {
			select {
			case <-server.stop:
				return
			case m := <-toService:
				if m.CommandValid && m.CommandIndex%2 == 0 {
					server.Snapshot(m.CommandIndex, []byte{byte(m.CommandIndex)})
				}
				applied <- m
			}
		}
	})
}

func (l *realLab) kill(i int) {
	l.ends[i].set(nil)
	l.servers[i].Kill()
	l.servers[i].Wait()
}

// agree lets the servers agree on a command that begins with a text, and returns its
// number, which must be the same everywhere. A leader that is starved may lose what it
// took: then it begins again.
func (l *realLab) agree(text string, servers ...int) int {
	l.Helper()
	for try := range 20 {
		command := fmt.Sprint(text, try)
		leader := l.propose(command, servers)
		number := l.await(leader, command, 2*time.Second)
		if number == 0 {
			continue
		}
		for _, i := range servers {
			if i == leader {
				continue
			}
			if n := l.await(i, command, time.Minute); n != number {
				l.Fatalf("%s has number %d at server %d, and %d at server %d", command, number, leader, n, i)
			}
		}
		return number
	}
	l.Fatalf("no agreement on %s", text)
	return 0
}

// propose starts a command at whoever of the servers leads, and returns who that is.
func (l *realLab) propose(command any, servers []int) int {
	l.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(TickMillis * time.Millisecond) {
		for _, i := range servers {
			if _, _, leads := l.servers[i].Start(command); leads {
				return i
			}
		}
	}
	l.Fatal("no leader")
	return -1
}

// await waits until a server applies a command, and returns its number; zero if that
// takes too long.
func (l *realLab) await(i int, command any, patience time.Duration) int {
	timeout := time.After(patience)
	for {
		select {
		case m := <-l.applied[i]:
			if m.Command == command {
				return m.CommandIndex
			}
		case <-timeout:
			return 0
		}
	}
}

func TestServersInRealTime(t *testing.T) {
	l := newRealLab(t)
	first := l.agree("one", 0, 1, 2)
	l.kill(0)
	second := l.agree("two", 1, 2)
	l.start(0)
	third := l.agree("three", 0, 1, 2)
	if first < 1 || second <= first || third <= second {
		t.Errorf("numbers %d, %d, %d: want them to grow", first, second, third)
	}
	l.kill(1)
	if got := l.disks[1].ReadSnapshot(); len(got) == 0 {
		t.Error("the service's snapshot is not kept")
	}
	if got, want := l.servers[1].PersistBytes(), len(l.disks[1].state); got == 0 || got != want {
		t.Errorf("the persister is said to hold %d bytes of state, and holds %d", got, want)
	}
}

func TestKilledServersDoNothing(t *testing.T) {
	l := newRealLab(t)
	l.agree("one", 0, 1, 2)
	l.kill(0)
	saved := l.disks[0].state
	var reply Reply
	l.servers[0].Handle(&Args{Kind: 1}, &reply)
	if _, _, leads := l.servers[0].Start("two"); leads || reply.Body != nil {
		t.Errorf("a killed server takes a command (%t), or answers % x", leads, reply.Body)
	}
	if !slices.Equal(saved, l.disks[0].state) {
		t.Error("a killed server saves")
	}
}
