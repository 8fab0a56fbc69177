package raftlab

import "testing"

// inUnreliableLabs is inLabs with a network that loses and delays.
func inUnreliableLabs(t *testing.T, servers int, test func(*lab)) {
	inLabs(t, servers, func(l *lab) {
		l.net.unreliable = true
		test(l)
	})
}

func TestUnreliableAgree(t *testing.T) {
	inUnreliableLabs(t, 5, func(l *lab) {
		for i := 1; i < 50; i++ {
			for j := range 4 {
				l.submit(100*i + j)
			}
			l.one(i, 1, true)
		}
		l.net.unreliable = false
		l.one(100, 5, true)
	})
}

// Figure 8 with a network that holds back most replies for up to two seconds. The last
// agreement, while it still does, takes one second on average, of the ten that there are.
func TestFigure8Unreliable(t *testing.T) {
	took := 0 // in all laboratories
	inUnreliableLabs(t, 5, func(l *lab) {
		l.one(l.rng.IntN(10_000), 1, true)
		up := 5
		for i := range 1000 {
			if i == 200 {
				l.net.longReordering = true
			}
			leader := -1
			for i, s := range l.servers {
				if _, _, leads := s.peer.Start(l.rng.IntN(10_000)); leads && s.connected {
					leader = i
				}
			}
			if l.rng.IntN(10) == 0 {
				l.sleep(l.rng.IntN(electionMillis / 2))
			} else {
				l.sleep(l.rng.IntN(13))
			}
			if leader >= 0 && l.rng.IntN(1000) < electionMillis/2 {
				l.disconnect(leader)
				up--
			}
			if i := l.rng.IntN(5); up < 3 && !l.servers[i].connected {
				l.connect(i)
				up++
			}
		}
		for i := range l.servers {
			l.connect(i)
		}
		began := l.now
		l.one(l.rng.IntN(10_000), 5, true) // while replies are still held back
		took += l.now - began
		l.Logf("the last agreement took %d ms", l.now-began)
	})
	if labs := *seeds; !testing.Short() && labs >= 10 && took > labs*1500 {
		t.Errorf("the last agreement took %d ms on average", took/labs)
	}
}

// churn lets clients work while servers come and go. What a client saw applied must
// be among what was agreed.
func churn(l *lab) {
	const clients, thinkMillis = 3, 50
	done := false
	var seen []int
	commands := 0
	var client func()
	client = func() {
		if done {
			return
		}
		commands++
		command := commands
		number := -1
		for _, s := range l.servers {
			if s.peer == nil {
				continue
			}
			if n, _, leads := s.peer.Start(command); leads {
				number = n
			}
		}
		if number < 0 {
			l.after(80+l.rng.IntN(170), client)
			return
		}
		l.watch(number, []int{10, 20, 50, 100, 200}, func(got any) {
			if got == command {
				seen = append(seen, command)
			}
			l.after(thinkMillis, client)
		})
	}
	for range clients {
		client()
	}
	for range 20 {
		if l.rng.IntN(1000) < 200 {
			l.disconnect(l.rng.IntN(5))
		}
		if i := l.rng.IntN(5); l.rng.IntN(1000) < 500 {
			if l.servers[i].peer == nil {
				l.start(i)
			}
			l.connect(i)
		}
		if i := l.rng.IntN(5); l.rng.IntN(1000) < 200 && l.servers[i].peer != nil {
			l.crash(i)
		}
		l.sleep(electionMillis * 7 / 10)
	}
	l.sleep(electionMillis)
	done = true
	l.net.unreliable = false
	for i, s := range l.servers {
		if s.peer == nil {
			l.start(i)
		}
		l.connect(i)
	}
	l.sleep(electionMillis)
	l.one("settled", 5, true)
	l.checkSeen(seen)
}

// watch looks for a command after each of some pauses, and tells what it is, or nil.
func (l *lab) watch(number int, pauses []int, tell func(any)) {
	if _, got := l.committed(number); got != nil || len(pauses) == 0 {
		tell(got)
		return
	}
	l.after(pauses[0], func() { l.watch(number, pauses[1:], tell) })
}

func (l *lab) checkSeen(seen []int) {
	l.Helper()
	if len(seen) == 0 {
		l.Fatal("no client had any success")
	}
	agreed := map[any]bool{}
	for _, command := range l.agreed {
		agreed[command] = true
	}
	for _, command := range seen {
		if !agreed[command] {
			l.Errorf("a client saw %d applied, and it is lost", command)
		}
	}
}

func TestReliableChurn(t *testing.T)   { inLabs(t, 5, churn) }
func TestUnreliableChurn(t *testing.T) { inUnreliableLabs(t, 5, churn) }
