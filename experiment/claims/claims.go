// Package claims puts published claims to the test: that gRPC is three times as
// fast as net/rpc, that a longer linger raises throughput, and others. Each claim
// is a file that says what was claimed and where, which arms are measured for it,
// and by which rule it is judged; All lists them.
//
// It has no measurement of its own: the arms of a claim are one experiment, run
// as any other, and the encodings are measured by package codec. The table of
// verdicts is worked out from the stored results alone (Judge), so that it can be
// worked out again. Package claimtable holds it.
//
// To add a claim, write its file and add a line to All.
//
// It works on the caller's goroutine and starts none.
package claims

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/raftbench/raftbench/experiment"
	"github.com/raftbench/raftbench/reports/claimtable"
)

// LayerCodec is the layer of claims about encodings: no transport, no consensus.
// The others are those of package experiment.
const LayerCodec experiment.Layer = "codec"

// Claim is a published claim, and how it is put to the test.
type Claim struct {
	ID       string // lower case and hyphens: "grpc-streams-halve-unary"
	Sentence string // the claim, in one sentence
	Sources  []claimtable.Source

	// Setup says what stands here for what was measured there, and what differs.
	Setup string

	// Rule says when the claim holds here and when not. It is written before anything
	// is measured, and Judge does what it says. An interval that reaches over a line
	// makes a figure one that cannot be told; so do INVALID arms and too few blocks.
	Rule string

	// Mechanism says why the claim may not hold: "If it does not hold, the usual reason
	// is ...". It knows no result.
	Mechanism string

	Layer experiment.Layer
	Arms  []Arm

	// Idle says that the claim is about costs: the idle cluster is watched before
	// each replicate, so that its cost can be subtracted.
	Idle bool

	// Judge works out the figures and the verdict. It is a function of the evidence
	// alone.
	Judge func(*Evidence) Finding
}

// All lists the claims in the order of their numbers.
func All() []Claim {
	return []Claim{
		grpcThreeTimesNetRPC(),
		batchingAndReuse(),
		longerLinger(),
		eventLoop(),
		protobufBeatsGob(),
		deepPipelining(),
		streamsHalveUnary(),
		noFlowControl(),
		netRPCBeatsUnary(),
		moreConnections(),
		unixSockets(),
		reordering(),
	}
}

// Numbered is a claim with its number.
type Numbered struct {
	Number int // from 1
	Claim
}

// IDs lists the ids of claims.
func IDs(list []Claim) []string {
	var ids []string
	for i := range list {
		ids = append(ids, list[i].ID)
	}
	return ids
}

// Choose returns the claims of a list that names stand for, each a number or an id, in
// the order of the list and each once; all of them if there are no names. The error is
// an *UnknownError.
func Choose(list []Claim, names []string) ([]Numbered, error) {
	wanted := map[int]bool{}
	for _, name := range names {
		i := slices.IndexFunc(list, func(c Claim) bool { return c.ID == name })
		if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(list) {
			i = n - 1
		}
		if i < 0 {
			return nil, &UnknownError{Name: name, Claims: len(list)}
		}
		wanted[i] = true
	}
	var chosen []Numbered
	for i := range list {
		if len(names) == 0 || wanted[i] {
			chosen = append(chosen, Numbered{i + 1, list[i]})
		}
	}
	return chosen, nil
}

// UnknownError says that there is no such claim.
type UnknownError struct {
	Name   string
	Claims int // how many there are
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("no claim %q: want a number from 1 to %d, or an id", e.Name, e.Claims)
}
