package raftlab

import "testing"

// restart brings a server down and up again.
func (l *lab) restart(i int) {
	l.crash(i)
	l.start(i)
	l.connect(i)
}

func TestPersist1(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		l.one(11, 3, true)
		for i := range l.servers {
			l.crash(i)
		}
		for i := range l.servers {
			l.start(i)
			l.connect(i)
		}
		l.one(12, 3, true)
		l.restart(l.checkOneLeader())
		l.one(13, 3, true)

		leader := l.checkOneLeader()
		l.crash(leader)
		l.one(14, 2, true)
		l.start(leader)
		l.connect(leader)
		l.one(15, 3, true)

		follower := (l.checkOneLeader() + 1) % 3
		l.crash(follower)
		l.one(16, 2, true)
		l.start(follower)
		l.connect(follower)
		l.one(17, 3, true)
		if n := len(l.agreed) - 1; n < 7 {
			l.Errorf("%d commands, want at least 7", n)
		}
	})
}

// More and more servers are down, and come back in another order.
func TestPersist2(t *testing.T) {
	inLabs(t, 5, func(l *lab) {
		for command := 10; command < 35; command += 5 {
			l.one(command, 5, true)
			leader := l.checkOneLeader()
			at := func(k int) int { return (leader + k) % 5 }
			l.disconnect(at(1))
			l.disconnect(at(2))
			l.one(command+1, 3, true)
			for _, k := range []int{0, 3, 4} {
				l.crash(at(k))
			}
			for _, k := range []int{1, 2} {
				l.restart(at(k))
			}
			l.sleep(electionMillis)
			l.start(at(3)) // the third of a quorum, and the only one with everything
			l.connect(at(3))
			l.one(command+2, 3, true)
			for _, k := range []int{4, 0} {
				l.start(at(k))
				l.connect(at(k))
			}
		}
		l.one(1000, 5, true)
	})
}

// A leader and a follower crash, and the other has the leader's last entry.
func TestPersist3(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		l.one(101, 3, true)
		leader := l.checkOneLeader()
		l.disconnect((leader + 2) % 3)
		l.one(102, 2, true)
		l.crash(leader)
		l.crash((leader + 1) % 3)
		l.connect((leader + 2) % 3)
		l.start(leader)
		l.connect(leader)
		l.one(103, 2, true)
		l.start((leader + 1) % 3)
		l.connect((leader + 1) % 3)
		l.one(104, 3, true)
	})
}

// Figure 8 of the paper, over and over: leaders crash soon after they have begun, with
// just a majority left, so that entries of old terms lie about everywhere.
func TestFigure8(t *testing.T) {
	inLabs(t, 5, func(l *lab) {
		l.one(l.rng.IntN(1<<30), 1, true)
		up := 5
		for range 1000 {
			leader := -1
			for i, s := range l.servers {
				if s.peer == nil {
					continue
				}
				if _, _, leads := s.peer.Start(l.rng.IntN(1 << 30)); leads {
					leader = i
				}
			}
			if l.rng.IntN(10) == 0 {
				l.sleep(l.rng.IntN(electionMillis / 2))
			} else {
				l.sleep(l.rng.IntN(13))
			}
			if leader >= 0 {
				l.crash(leader)
				up--
			}
			if i := l.rng.IntN(5); up < 3 && l.servers[i].peer == nil {
				l.start(i)
				l.connect(i)
				up++
			}
		}
		for i, s := range l.servers {
			if s.peer == nil {
				l.start(i)
				l.connect(i)
			}
		}
		l.one(l.rng.IntN(1<<30), 5, true)
	})
}
