package session

// answer is what a session knows about one of its writes: nothing, or what it was answered
// with. It has no pointer in it, so that the garbage collector need not look at thousands of
// them. The upper two bits say which kind it is.
type answer uint32

type answerKind uint8

const (
	kindComing answerKind = 1 // the write waits to be executed
	kindShort  answerKind = 2 // the result has two bytes at most, and is here
	kindLong   answerKind = 3 // the result is in the table's memory; number says where
)

const kindShift = 30

// The answers that are no results.
const (
	answerNone   answer = 0 // the write was not executed
	answerComing        = answer(kindComing) << kindShift
)

// maxNumber bounds what an answer can point to. AnswerBytes counts more than 32 bytes for each, so that
// there never are so many.
const maxNumber = 1<<kindShift - 1

func (a answer) kind() answerKind { return answerKind(a >> kindShift) }

func (a answer) number() int { return int(a & maxNumber) }

// longAnswer is in piece n of the table's memory.
func longAnswer(n int) answer { return answer(kindLong)<<kindShift | answer(n) }

// maxShort is the longest result that an answer itself has room for: that of a put.
const maxShort = 2

// shortAnswer has its result in its lower bytes, and how long it is in the third.
func shortAnswer(result []byte) answer {
	a := answer(kindShort)<<kindShift | answer(len(result))<<16
	for i, b := range result {
		a |= answer(b) << (8 * i)
	}
	return a
}

// short is the result of a short answer, in memory of the caller's.
func (a answer) short(memory *[maxShort]byte) []byte {
	memory[0], memory[1] = byte(a), byte(a>>8)
	return memory[:a>>16&0xff]
}

// eachAnswerBytes is what an answer counts besides its result: its place in its session, in the
// table's memory, and in a snapshot.
const eachAnswerBytes = 32

// AnswerBytes is what an answer whose result has so many bytes counts against
// Config.AnswerBytes. It is no less than it takes.
func AnswerBytes(resultBytes int) int {
	if resultBytes <= maxShort {
		return eachAnswerBytes
	}
	return eachAnswerBytes + pieceBytes(resultBytes)
}
