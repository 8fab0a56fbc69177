package raftlab

import "slices"

// electionMillis is the time in which the suite expects an election to be over.
const electionMillis = 1000

// checkOneLeader waits for a leader among the connected servers, and returns it. There
// must not be two in a term.
func (l *lab) checkOneLeader() int {
	l.Helper()
	for range 10 {
		l.sleep(450 + l.rng.IntN(100))
		if leader := l.newestLeader(); leader >= 0 {
			return leader
		}
	}
	l.Fatalf("no leader after %d ms", l.now)
	return -1
}

// newestLeader returns the connected leader of the highest term, or -1.
func (l *lab) newestLeader() int {
	l.Helper()
	leaders, newest := map[int]int{}, -1
	for i, s := range l.servers {
		if !s.isUp() {
			continue
		}
		term, leads := s.peer.GetState()
		if !leads {
			continue
		}
		if other, taken := leaders[term]; taken {
			l.Fatalf("servers %d and %d lead term %d", other, i, term)
		}
		leaders[term] = i
		newest = max(newest, term)
	}
	if newest < 0 {
		return -1
	}
	return leaders[newest]
}

// checkTerms returns the term, on which all connected servers must agree.
func (l *lab) checkTerms() int {
	l.Helper()
	agreed := -1
	for i, s := range l.servers {
		if !s.isUp() {
			continue
		}
		term, _ := s.peer.GetState()
		if agreed >= 0 && term != agreed {
			l.Fatalf("server %d is in term %d, another in %d", i, term, agreed)
		}
		agreed = term
	}
	return agreed
}

// checkNoLeader: no connected server believes to lead.
func (l *lab) checkNoLeader() {
	l.Helper()
	if leader := l.newestLeader(); leader >= 0 {
		l.Fatalf("server %d leads, and nobody can", leader)
	}
}

// committed returns how many servers have applied a command with that number.
func (l *lab) committed(number int) (count int, command any) {
	for _, s := range l.servers {
		if len(s.applied) >= number {
			count++
			command = s.applied[number-1]
		}
	}
	return count, command
}

// one starts agreement on a command at whoever leads, and waits until at least so many
// servers have applied it. With retry it begins again if the leader loses it. It
// returns the command's number.
func (l *lab) one(command any, servers int, retry bool) int {
	l.Helper()
	for end := l.now + 10_000; l.now < end; {
		number := l.submit(command)
		if number < 0 {
			l.sleep(50)
			continue
		}
		for patience := l.now + 2000; l.now < patience; l.sleep(20) {
			if count, got := l.committed(number); count >= servers && got == command {
				return number
			}
		}
		if !retry {
			break
		}
	}
	l.Fatalf("no agreement on %v", command)
	return -1
}

// submit gives a command to a server that takes it, and returns its number, or -1.
func (l *lab) submit(command any) int {
	from := l.rng.IntN(len(l.servers))
	for k := range l.servers {
		s := l.servers[(from+k)%len(l.servers)]
		if !s.isUp() {
			continue
		}
		if number, _, leads := s.peer.Start(command); leads {
			return number
		}
	}
	return -1
}

// wait waits until so many servers have applied the command with that number, and
// returns it; false if the term has moved on, so that nobody knows what became of it.
func (l *lab) wait(number, servers, term int) (any, bool) {
	l.Helper()
	for pause := 10; pause < 2000; pause *= 2 {
		if count, _ := l.committed(number); count >= servers {
			break
		}
		l.sleep(pause)
		for _, s := range l.servers {
			if s.peer == nil {
				continue
			}
			if now, _ := s.peer.GetState(); now > term {
				return nil, false
			}
		}
	}
	count, command := l.committed(number)
	if count < servers {
		l.Fatalf("%d servers applied command %d, want %d", count, number, servers)
	}
	return command, true
}

// logBytes is the largest state of a server, without snapshot.
func (l *lab) logBytes() int {
	most := 0
	for _, s := range l.servers {
		most = max(most, len(s.disk.state))
	}
	return most
}

// checkConverged ends every test: when the network is well again, all servers are given
// everything that any of them applied.
func (l *lab) checkConverged() {
	l.Helper()
	l.net = network{}
	for i, s := range l.servers {
		if s.peer == nil {
			l.start(i)
		}
		l.connect(i)
	}
	l.one("the end", len(l.servers), true)
	for i, s := range l.servers {
		if !slices.Equal(s.applied, l.agreed[1:]) {
			l.Fatalf("server %d ends with %d commands, agreed were %d", i, len(s.applied), len(l.agreed)-1)
		}
	}
}
