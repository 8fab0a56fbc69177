package claims

import (
	"github.com/raftbench/raftbench/reports"
	"github.com/raftbench/raftbench/reports/claimtable"
)

// The arms of protobufBeatsGob are codecs of transports/codecs.
func encoding(codec string) Arm { return Arm{Transport: codec} }

func protobufBeatsGob() Claim {
	return Claim{
		ID:       "protobuf-beats-gob",
		Sentence: "Protobuf beats gob: gob is tens of times slower.",
		Sources: []claimtable.Source{
			{Text: "alecthomas/go_serialization_benchmarks: gob 28,967 ns and 172 B, protobuf 643 ns and 51 B a message (x45). It makes a new encoder and a new decoder for each message.", URL: "https://github.com/alecthomas/go_serialization_benchmarks"},
			{Text: "Against it: net/rpc with gob took 29.7 µs and with protobuf 27.3 µs a call (cockroachdb/rpc-bench, 2020).", URL: "https://github.com/cockroachdb/rpc-bench"},
		},
		Setup: "Encoding and decoding one AppendEntries with one entry of 128 B, without a transport. gob-warm is what net/rpc does: one encoder and one decoder for as long as a connection lives, so that types are described once. " +
			"gob-cold makes new ones for each message, as the published figure does. The published message is another one, so only factors can be held against each other.",
		Rule: "It is about gob as net/rpc uses it. It holds if gob with a warm encoder takes at least ten times as long as protobuf (\"tens of times\"), and does not hold if it takes less. " +
			"The figure of the cold encoder is shown beside.",
		Mechanism: "If it does not hold, the usual reason is the encoder's age: describing the types and compiling how to decode them is most of what a new encoder and decoder do, and a connection pays for that once.",
		Layer:     LayerCodec,
		Arms:      []Arm{encoding("protobuf"), encoding("gob-warm"), encoding("gob-cold")},
		Judge:     judgeProtobufBeatsGob,
	}
}

func judgeProtobufBeatsGob(e *Evidence) Finding {
	protobuf, warm, cold := encoding("protobuf"), encoding("gob-warm"), encoding("gob-cold")
	const published = "x45"
	return e.factor(timePerMessage(), warm, protobuf, atLeast(10), published).beside(
		e.factor(timePerMessage(), cold, protobuf, atLeast(10), published),
		e.compared(reports.AllocsPerOp(), warm, protobuf),
		e.compared(reports.AllocsPerOp(), cold, protobuf),
		e.shown(timePerMessage(), protobuf, ""),
		e.shown(timePerMessage(), warm, ""),
		e.shown(timePerMessage(), cold, ""),
		e.shown(bytesPerMessage(), protobuf, ""),
		e.shown(bytesPerMessage(), warm, ""),
		e.shown(bytesPerMessage(), cold, ""),
	)
}
