package raftlab

import "testing"

// maxLogBytes bounds what a server saves beside the snapshot, as in the suite.
const maxLogBytes = 2000

// snapshots lets a service that takes snapshots lose a server again and again: away
// takes it away and back brings it back, which must work by snapshot.
func snapshots(t *testing.T, unreliable bool, away, back func(l *lab, i int)) {
	inLabs(t, 3, func(l *lab) {
		l.net.unreliable, l.snapshot = unreliable, true
		l.one(l.rng.IntN(1<<30), 3, true)
		leader := l.checkOneLeader()
		for i := range 30 {
			victim, sender := (leader+1)%3, leader
			if i%3 == 1 {
				sender, victim = (leader+1)%3, leader
			}
			away(l, victim)
			l.one(l.rng.IntN(1<<30), 2, true)
			for range snapshotEvery/2 + l.rng.IntN(snapshotEvery) {
				if l.servers[sender].peer != nil {
					l.servers[sender].peer.Start(l.rng.IntN(1 << 30))
				}
			}
			l.one(l.rng.IntN(1<<30), 2, true)
			if got := l.logBytes(); got >= maxLogBytes {
				l.Fatalf("a server keeps a log of %d bytes, the limit is %d", got, maxLogBytes)
			}
			back(l, victim)
			l.one(l.rng.IntN(1<<30), 3, true)
			leader = l.checkOneLeader()
		}
	})
}

func stay(*lab, int) {}

func TestSnapshotBasic(t *testing.T) { snapshots(t, false, stay, stay) }

func TestSnapshotInstall(t *testing.T) {
	snapshots(t, false, (*lab).disconnect, (*lab).connect)
}

func TestSnapshotInstallUnreliable(t *testing.T) {
	snapshots(t, true, (*lab).disconnect, (*lab).connect)
}

func TestSnapshotInstallCrash(t *testing.T) { snapshots(t, false, (*lab).crash, (*lab).revive) }

func TestSnapshotInstallUnCrash(t *testing.T) { snapshots(t, true, (*lab).crash, (*lab).revive) }

func (l *lab) revive(i int) {
	l.start(i)
	l.connect(i)
}

func (l *lab) restartAll() {
	for i := range l.servers {
		l.crash(i)
	}
	for i := range l.servers {
		l.revive(i)
	}
}

// All crash at once, after snapshots. No command gets a number that was given before.
func TestSnapshotAllCrash(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		l.snapshot = true
		l.one(l.rng.IntN(1<<30), 3, true)
		for range 5 {
			for range snapshotEvery/2 + l.rng.IntN(snapshotEvery) {
				l.one(l.rng.IntN(1<<30), 3, true)
			}
			before := l.one(l.rng.IntN(1<<30), 3, true)
			l.restartAll()
			if after := l.one(l.rng.IntN(1<<30), 3, true); after < before+1 {
				l.Fatalf("after a restart number %d, before it was %d", after, before)
			}
		}
	})
}

// A server that was restarted does not lose the snapshot when it saves its state.
func TestSnapshotInit(t *testing.T) {
	inLabs(t, 3, func(l *lab) {
		l.snapshot = true
		for range snapshotEvery + 1 {
			l.one(l.rng.IntN(1<<30), 3, true)
		}
		l.restartAll()
		l.one(l.rng.IntN(1<<30), 3, true) // which saves
		l.restartAll()
		l.one(l.rng.IntN(1<<30), 3, true)
		for i, s := range l.servers {
			if len(s.disk.snapshot) == 0 {
				l.Errorf("server %d has lost its snapshot", i)
			}
		}
	})
}
