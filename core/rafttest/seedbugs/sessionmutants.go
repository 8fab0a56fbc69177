package main

import "github.com/raftbench/raftbench/core/rafttest"

// sessionFolder is core/session, as seen from core/raft.
const sessionFolder = "../session/"

const (
	once    = "each write is executed once"
	first   = "a copy gets the first answer"
	expired = "a write of an expired session is not executed"
	same    = "the same answer on all nodes"
	alike   = "all nodes have the same sessions"
)

// talkative looks only in worlds in which clients have sessions and send everything again.
func talkative(seeds int, by ...string) rafttest.Bounty {
	return rafttest.Bounty{Within: seeds, By: by, Sessions: true}
}

func sessionMutants() []mutant {
	return []mutant{
		{"SessionsNotInSnapshot", "the table is not in the snapshot (section 6.3)", sessionFolder + "snapshot.go",
			one("return m.table.append(nil)", "empty := newTable(m.table.limit)\n\treturn empty.append(nil)"), talkative(20, once, same, expired)},
		{"AnswersNotInSnapshot", "the snapshot has the sessions without their answers", sessionFolder + "snapshot.go",
			[]edit{{"uint64(len(s.answers)))\n\t\tfor _, a := range s.answers {", "0)\n\t\tfor _, a := range s.answers[:0] {"}}, talkative(20, once)},
		{"ReceivedNotInSnapshot", "the snapshot does not say how far answers were received", sessionFolder + "snapshot.go",
			one("b = binary.AppendUvarint(b, s.received)", "b = binary.AppendUvarint(b, 0)"), talkative(300, once, same)},
		{"OrderNotInSnapshot", "the snapshot does not say in which order sessions were used", sessionFolder + "snapshot.go",
			one("t.add(s)", "t.add(s)\n\t\t\tt.order.MoveToFront(s.place)"), talkative(20, same)},
		{"CopyOfTheNewestIsNew", "a number is compared wrongly: a copy of the newest write is taken for a new one", sessionFolder + "table.go",
			one("s.answers[at-1].sequence >= sequence", "s.answers[at-1].sequence > sequence"), talkative(20, once)},
		{"NewestNumberOnly", "what is below the newest number is taken for executed (one request at a time, section 6.3)", sessionFolder + "session.go",
			one("if c.Sequence <= s.received {", "if n := len(s.answers); c.Sequence <= s.received || n > 0 && c.Sequence < s.answers[n-1].sequence {"), talkative(20, first)},
		{"AnswerOfAnother", "a copy gets the newest answer of its session", sessionFolder + "table.go",
			one("return s.answers[at], false", "return s.answers[len(s.answers)-1], false"), talkative(20, first)},
		{"DropOneTooMany", "the answer after those received is dropped as well", sessionFolder + "table.go",
			one("s.answers[n].sequence <= received", "s.answers[n].sequence <= received+1"), talkative(20, once)},
		{"ExpiryByLocalClock", "a node expires sessions by a clock of its own: the batches that it has applied", sessionFolder + "session.go",
			[]edit{
				{"\tresult  []byte\n}", "\tresult  []byte\n\tclock   int\n}"},
				{"m.steps, m.fresh = m.steps[:0], m.fresh[:0]", "m.steps, m.fresh = m.steps[:0], m.fresh[:0]\n\tif m.clock++; m.clock%20 == 0 && m.Sessions() > 0 {\n\t\tm.table.evict()\n\t}"},
			}, talkative(20, same, alike)},
		{"RevivedSession", "a write of an expired session opens it anew", sessionFolder + "session.go",
			one("return step{status: StatusExpired}", "m.table.register(c.Session)\n\t\ts = m.table.use(c.Session)"), talkative(50, once)},
	}
}
