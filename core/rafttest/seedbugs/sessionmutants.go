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
			one("return m.table.append(nil)", "empty := newTable(m.table.bounds)\n\treturn empty.append(nil)"), talkative(20, once, same, expired)},
		{"AnswersNotInSnapshot", "the snapshot has the sessions without their answers", sessionFolder + "snapshot.go",
			one("uint64(s.answers()))\n\t\tb = t.appendAnswers(b, s)", "0)"), talkative(20, once)},
		{"ReceivedNotInSnapshot", "the snapshot does not say how far answers were received", sessionFolder + "snapshot.go",
			one("b = binary.AppendUvarint(b, s.received)", "b = binary.AppendUvarint(b, 0)"), talkative(300, once, same)},
		{"OrderNotInSnapshot", "the snapshot does not say in which order sessions were used", sessionFolder + "snapshot.go",
			one("t.add(s)", "t.add(s)\n\tt.order.MoveToFront(s.place)"), talkative(20, same)},
		{"BlockNotInSnapshot", "the snapshot does not say when the bound in bytes was looked at", sessionFolder + "snapshot.go",
			one("uint64(t.block))", "0)"), talkative(20, same, alike)},
		{"PreviousNotInSnapshot", "the snapshot does not say which write the next one follows", sessionFolder + "snapshot.go",
			one("b = t.previous.append(b)", "b = new(previous).append(b)"), talkative(300, same, alike)},
		{"CopyOfTheNewestIsNew", "a copy of the newest write is taken for a new one", sessionFolder + "ring.go",
			one("s.newest = max(s.newest, sequence)", "if s.newest = max(s.newest, sequence); s.newest == sequence {\n\t\t*s.at(sequence) = 0\n\t}"), talkative(20, once)},
		{"NewestNumberOnly", "what is below the newest number is taken for executed (one request at a time, section 6.3)", sessionFolder + "session.go",
			one("if sequence <= s.received {", "if sequence < s.newest || sequence <= s.received {"), talkative(20, first)},
		{"AnswerOfAnother", "a copy gets the newest answer of its session", sessionFolder + "session.go",
			one("m.sayAgain(a, results)", "m.sayAgain(s.at(s.newest), results)"), talkative(20, first)},
		{"DropOneTooMany", "the answer after those received is dropped as well", sessionFolder + "table.go",
			one("\ts.received, s.newest = received,", "\tif received < s.newest {\n\t\tt.forget(s.at(received + 1))\n\t}\n\ts.received, s.newest = received,"), talkative(20, once)},
		{"ExpiryByLocalClock", "a node expires sessions by a clock of its own: the batches that it has applied", sessionFolder + "session.go",
			[]edit{
				{"\ttable table\n", "\ttable table\n\tclock int\n"},
				{"\tfor len(entries) > 0 {", "\tif m.clock++; m.clock%20 == 0 && m.Sessions() > 0 {\n\t\tm.table.evict()\n\t}\n\tfor len(entries) > 0 {"},
			}, talkative(20, same, alike)},
		{"BoundByBatch", "the bound in bytes is looked at after each batch, and every node has its own", sessionFolder + "session.go",
			one("\t\tentries = entries[n:]", "\t\tentries = entries[n:]\n\t\tfor m.table.answerBytes > m.table.bounds.AnswerBytes {\n\t\t\tm.table.evict()\n\t\t}"), talkative(50, same, alike)},
		{"RevivedSession", "a write of an expired session opens it anew", sessionFolder + "session.go",
			one("m.say(StatusExpired, nil, results)\n\t\treturn", "m.table.register(id)\n\t\ts = m.table.use(id)"), talkative(50, once)},
	}
}
