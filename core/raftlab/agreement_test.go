package raftlab

import (
	"fmt"
	"strings"
	"testing"
)

// lead starts a command at the present leader, which must take it.
func (l *lab) lead(leader int, command any) (number, term int) {
	l.Helper()
	number, term, leads := l.servers[leader].peer.Start(command)
	if !leads {
		l.Fatalf("server %d led and refuses %v", leader, command)
	}
	return number, term
}

func TestBasicAgree(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		for want := 1; want <= 3; want++ {
			if count, _ := l.committed(want); count > 0 {
				l.Fatalf("%d servers applied command %d before it was started", count, want)
			}
			if got := l.one(want*100, 3, false); got != want {
				l.Fatalf("command %d has number %d", want, got)
			}
		}
	})
}

// Every command goes to each other server once.
func TestRPCBytes(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		l.one(99, 3, false)
		before, sent := l.net.bytes, 0
		for i := range 10 {
			command := strings.Repeat(fmt.Sprint(i), 5000)
			l.one(command, 3, false)
			sent += len(command)
		}
		if got, limit := l.net.bytes-before, 3*sent+50_000; got > limit {
			l.Errorf("%d bytes crossed the network, the limit is %d", got, limit)
		}
	})
}

func TestFollowerFailure(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		l.one(101, 3, false)
		leader := l.checkOneLeader()
		l.disconnect((leader + 1) % 3)
		l.one(102, 2, false)
		l.sleep(electionMillis)
		l.one(103, 2, false)

		leader = l.checkOneLeader()
		l.disconnect((leader + 1) % 3)
		l.disconnect((leader + 2) % 3)
		if number, _ := l.lead(leader, 104); number != 4 {
			l.Errorf("command 4 has number %d", number)
		}
		l.sleep(2 * electionMillis)
		if count, _ := l.committed(4); count > 0 {
			l.Errorf("%d servers applied a command without a quorum", count)
		}
	})
}

func TestLeaderFailure(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		l.one(101, 3, false)
		l.disconnect(l.checkOneLeader())
		l.one(102, 2, false)
		l.sleep(electionMillis)
		l.one(103, 2, false)
		l.disconnect(l.checkOneLeader())
		for _, s := range l.servers {
			s.peer.Start(104)
		}
		l.sleep(2 * electionMillis)
		if count, _ := l.committed(4); count > 0 {
			l.Errorf("%d servers applied a command without a quorum", count)
		}
	})
}

func TestFailAgree(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		l.one(101, 3, false)
		cut := (l.checkOneLeader() + 1) % 3
		l.disconnect(cut)
		l.one(102, 2, false)
		l.one(103, 2, false)
		l.sleep(electionMillis)
		l.one(104, 2, false)
		l.connect(cut)
		l.one(106, 3, true)
		l.sleep(electionMillis)
		l.one(107, 3, true)
	})
}

func TestFailNoAgree(t *testing.T) {
	inLabs(t, 5, func(l *lab) {
		l.one(10, 5, false)
		leader := l.checkOneLeader()
		for k := 1; k <= 3; k++ {
			l.disconnect((leader + k) % 5)
		}
		number, _ := l.lead(leader, 20)
		if number != 2 {
			l.Fatalf("command 2 has number %d", number)
		}
		l.sleep(2 * electionMillis)
		if count, _ := l.committed(number); count > 0 {
			l.Fatalf("%d servers applied a command without a quorum", count)
		}
		for k := 1; k <= 3; k++ {
			l.connect((leader + k) % 5)
		}
		// The majority may have chosen one of its own, that knows nothing of command 2.
		if number, _ = l.lead(l.checkOneLeader(), 30); number < 2 || number > 3 {
			l.Fatalf("number %d, want 2 or 3", number)
		}
		l.one(1000, 5, true)
	})
}

func TestConcurrentStarts(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		leader := l.checkOneLeader()
		numbers := map[int]int{}
		var term int
		for i := range 5 {
			var number int
			number, term = l.lead(leader, 100+i)
			numbers[number] = 100 + i
		}
		for number, want := range numbers {
			if got, ok := l.wait(number, 3, term); !ok || got != want {
				l.Errorf("command %d is %v (%t), want %d", number, got, ok, want)
			}
		}
		if len(numbers) != 5 {
			l.Errorf("5 commands have %d numbers", len(numbers))
		}
	})
}

func TestRejoin(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		l.one(101, 3, true)
		first := l.checkOneLeader()
		l.disconnect(first)
		for _, command := range []int{102, 103, 104} {
			l.servers[first].peer.Start(command)
		}
		l.one(103, 2, true)
		second := l.checkOneLeader()
		l.disconnect(second)
		l.connect(first) // with entries that nobody else has
		l.one(104, 2, true)
		l.connect(second)
		l.one(105, 3, true)
	})
}

// A leader finds where the log of a follower parts from its own, however far back.
func TestBackup(t *testing.T) {
	inLabs(t, 5, func(l *lab) {
		many := func(peer *Peer) {
			for range 50 {
				peer.Start(l.rng.IntN(1 << 30))
			}
		}
		agree := func() {
			for range 50 {
				l.one(l.rng.IntN(1<<30), 3, true)
			}
		}
		l.one(l.rng.IntN(1<<30), 5, true)
		first := l.checkOneLeader()
		side := func(ks ...int) (list []int) {
			for _, k := range ks {
				list = append(list, (first+k)%5)
			}
			return list
		}
		all := func(servers []int, do func(int)) {
			for _, i := range servers {
				do(i)
			}
		}
		all(side(2, 3, 4), l.disconnect) // the leader stays with one follower
		many(l.servers[first].peer)
		l.sleep(electionMillis / 2)
		all(side(0, 1), l.disconnect)
		all(side(2, 3, 4), l.connect)
		agree()

		second := l.checkOneLeader() // one of three; a follower goes, and nothing commits
		other := side(2)[0]
		if other == second {
			other = side(3)[0]
		}
		l.disconnect(other)
		many(l.servers[second].peer)
		l.sleep(electionMillis / 2)
		all(side(0, 1, 2, 3, 4), l.disconnect)
		all(side(0, 1), l.connect) // the old pair, with the one that went
		l.connect(other)
		agree()

		all(side(0, 1, 2, 3, 4), l.connect)
		l.one(l.rng.IntN(1<<30), 5, true)
	})
}

// Not more messages than it takes.
func TestCount(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		leader := l.checkOneLeader()
		if l.net.calls > 30 {
			l.Errorf("%d calls for an election, want at most 30", l.net.calls)
		}
		before := l.net.calls
		for i := range 10 {
			l.lead(leader, i)
		}
		for end := l.now + 2000; l.now < end; l.sleep(10) {
			if count, _ := l.committed(10); count == 3 {
				break
			}
		}
		if got, limit := l.net.calls-before, (10+1+3)*3; got > limit {
			l.Errorf("%d calls for 10 commands, want at most %d", got, limit)
		}
		before = l.net.calls
		l.sleep(electionMillis)
		if got := l.net.calls - before; got > 3*20 {
			l.Errorf("%d calls in a second of rest, want at most 60", got)
		}
	})
}
