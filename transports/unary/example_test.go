package unary_test

import (
	"context"
	"fmt"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
)

// library is what is to be lifted: here a blocking function that grants votes.
type library struct{}

func (library) Call(_ context.Context, term core.Term) (core.RequestVoteResponse, error) {
	return core.RequestVoteResponse{From: 2, Term: term, Granted: true}, nil
}

// client says how to get core's messages through the library.
type client struct{ lib library }

func (c client) Prepare(_ core.NodeID, req core.Request) (unary.Attempt, error) {
	vote, ok := req.(*core.RequestVoteRequest)
	if !ok {
		return nil, core.ErrTooLarge
	}
	return &attempt{lib: c.lib, term: vote.Term}, nil // a copy: nothing points into req
}

func (c client) Close() error { return nil }

type attempt struct {
	lib    library
	term   core.Term
	answer core.RequestVoteResponse
}

func (a *attempt) Do(ctx context.Context, deadline time.Time) error {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	var err error
	a.answer, err = a.lib.Call(ctx, a.term)
	return err
}

func (a *attempt) Decode(resp core.Response) error {
	*resp.(*core.RequestVoteResponse) = a.answer
	return nil
}

func (a *attempt) Release() {}

// printer is a handler that serves nobody and prints what has ended.
type printer struct{ done chan struct{} }

func (printer) Receive([]*core.Incoming) {}

func (p printer) Complete(calls []*core.Call) {
	for _, c := range calls {
		vote := c.Response.(*core.RequestVoteResponse)
		fmt.Println(vote.From, "granted:", vote.Granted, "error:", c.Err)
		close(p.done)
	}
}

func Example() {
	p := printer{done: make(chan struct{})}
	t := unary.New(core.Endpoint{Self: 1, Handler: p}, unary.Config{Client: client{}})
	t.Send([]*core.Call{{
		To:       2,
		Request:  &core.RequestVoteRequest{From: 1, Term: 7},
		Response: new(core.RequestVoteResponse),
	}})
	<-p.done
	if err := t.Close(); err != nil {
		fmt.Println(err)
	}
	// Output: node 2 granted: true error: <nil>
}
