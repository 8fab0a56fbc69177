package raftlab

import "testing"

// The tests have the names of the published suite, and check what it is described to
// check; the code is ours.

func TestInitialElection(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		l.checkOneLeader()
		l.sleep(50)
		term := l.checkTerms()
		if term < 1 {
			l.Fatalf("term %d, want at least 1", term)
		}
		l.sleep(2 * electionMillis)
		if now := l.checkTerms(); now != term {
			l.Errorf("term %d became %d without a failure", term, now)
		}
		l.checkOneLeader()
	})
}

func TestReElection(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		first := l.checkOneLeader()
		l.disconnect(first)
		l.checkOneLeader()

		l.connect(first) // the old leader disturbs nobody
		second := l.checkOneLeader()

		l.disconnect(second)
		l.disconnect((second + 1) % 3)
		l.sleep(2 * electionMillis)
		l.checkNoLeader()

		l.connect((second + 1) % 3) // a quorum again
		l.checkOneLeader()
		l.connect(second)
		l.checkOneLeader()
	})
}

func TestManyElections(t *testing.T) {
	inLabs(t, 7, func(l *lab) {
		l.checkOneLeader()
		for range 10 {
			cut := l.rng.Perm(7)[:3]
			for _, i := range cut {
				l.disconnect(i)
			}
			l.checkOneLeader() // the old one, or another
			for _, i := range cut {
				l.connect(i)
			}
		}
		l.checkOneLeader()
	})
}
