package client

import (
	"context"
	"time"
)

// Outcome says what became of an operation.
type Outcome uint8

// The outcomes. Every operation ends with exactly one of them.
const (
	// OutcomeOK: committed and applied; Result is set.
	OutcomeOK Outcome = iota
	// OutcomeFailed: certainly not executed; Err says why.
	OutcomeFailed
	// OutcomeUnknown: it may have been executed, be executed yet, or never be; Err says why.
	OutcomeUnknown
)

func (o Outcome) String() string {
	switch o {
	case OutcomeOK:
		return "ok"
	case OutcomeFailed:
		return "failed"
	default:
		return "unknown"
	}
}

// Op is one operation of a client. It may be used again once it is done.
type Op struct {
	Read    bool   // a linearizable query; otherwise a command
	Command []byte // the command or query; borrowed until the operation is done
	Result  []byte // its result, if Outcome is OutcomeOK; valid until the op is submitted again
	Outcome Outcome
	Err     error // nil exactly if Outcome is OutcomeOK
	Tag     any   // the submitter's own

	// Stages is where the time of the operation went, if Sampled, and Took the time
	// from Submit to Config.Done. Took is read from the clock and not the sum of the
	// stages, so that one that was lost shows. The client's, valid until the op is
	// submitted again.
	Stages  Stages
	Took    time.Duration
	Sampled bool

	deadline time.Time     // when to give up
	failed   int           // attempts that did, redirects not counted
	doubt    bool          // one of them may have been executed
	session  *openSession  // of a command that has its number
	sequence uint64        // in that session
	open     time.Duration // what the lane's gate said when the operation was queued
	rest     Stage         // of a sampled operation: the stage that ends with Config.Done
	restFrom time.Duration // when that began, on the client's clock
	wait     chan struct{} // not nil: Do waits here instead of Config.Done
}

// Deadline is when the client gives the operation up: its timeout after it was
// submitted. It is set from Submit on.
func (o *Op) Deadline() time.Time { return o.deadline }

// end marks the operation as ended without a result.
func (o *Op) end(outcome Outcome, err error) {
	o.Outcome, o.Err = outcome, err
	o.leaveSession()
}

// ok marks the operation as done. It copies the result.
func (o *Op) ok(result []byte) {
	o.Outcome, o.Err = OutcomeOK, nil
	o.Result = append(o.Result[:0], result...)
	o.leaveSession()
}

// Do submits one operation and waits until it is done; op.Outcome tells how it
// ended. If ctx ends first, Do returns its error, the outcome is unknown and
// the operation must not be used again.
func (c *Client) Do(ctx context.Context, op *Op) error {
	if op.wait == nil {
		op.wait = make(chan struct{}, 1)
	}
	c.Submit([]*Op{op})
	select {
	case <-op.wait:
		return op.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}
