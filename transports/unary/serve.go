package unary

import (
	"fmt"
	"sync"

	"github.com/raftbench/raftbench/core"
)

// Inbound is one request on the server's side. The library decodes into Request,
// calls Transport.Serve, and encodes Response if that returned no error.
type Inbound struct {
	core.Incoming

	// Body is memory for the encoded request, if Request is to point into it.
	// It is kept, as are the slices of Request and Response, when the Inbound is
	// used again. It must not be memory that the library reuses: the handler may
	// still read the request after Serve has returned because of Close.
	Body []byte

	// Waiting, if it is not nil, is called by Serve before it waits, when the
	// handler has not answered at once. Release forgets it.
	Waiting func()

	done   chan struct{} // one slot: the answer is there
	spoilt bool          // never to be used again: the handler may still hold it
}

// inboundPools holds one pool for each kind.
type inboundPools [core.KindRead + 1]sync.Pool

// Accept returns an empty Inbound for a request of the given kind, or nil if
// there is no such kind. The fields of its Request are stale; Response is empty.
func (t *Transport) Accept(kind core.Kind) *Inbound {
	if int(kind) >= len(t.inbound) {
		return nil
	}
	if in, ok := t.inbound[kind].Get().(*Inbound); ok {
		return in
	}
	req := kind.NewRequest()
	if req == nil {
		return nil
	}
	in := &Inbound{done: make(chan struct{}, 1)}
	in.Request, in.Response, in.State = req, kind.NewResponse(), in
	return in
}

// Serve delivers a request to the handler and waits for its Reply. Without an
// error Response is filled. Errors: a *core.RemoteError, if the handler answered
// with an error or panicked; core.ErrOverflow, if too many requests are being
// served; core.ErrClosed, as soon as Close begins. CodeOf makes them fit for a
// wire.
func (t *Transport) Serve(in *Inbound) error {
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	t.count.Requests.Add(1)

	one := [1]*core.Incoming{&in.Incoming}
	if err := core.Deliver(t.handler, one[:]); err != nil {
		t.count.HandlerPanics.Add(1)
		in.spoilt = true
		if in.TakeAnswer() {
			return &core.RemoteError{Text: err.Error()}
		}
	}
	select {
	case <-in.done:
	default:
		if in.Waiting != nil {
			in.Waiting()
		}
		select {
		case <-in.done:
		case <-t.ctx.Done():
			in.spoilt = true
			return core.ErrClosed
		}
	}
	if in.Err != nil {
		return &core.RemoteError{Text: in.Err.Error()}
	}
	return nil
}

// enter counts a Serve, unless the transport closes or has too many.
func (t *Transport) enter() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return core.ErrClosed
	}
	if limit := int64(core.NumClasses * t.limits.QueuedCalls); t.served.Load() >= limit {
		return fmt.Errorf("%d requests being served: %w", limit, core.ErrOverflow)
	}
	t.served.Add(1)
	t.serving.Add(1)
	return nil
}

func (t *Transport) leave() {
	t.served.Add(-1)
	t.serving.Done()
}

// Release takes an Inbound back when its response has been encoded, or when its
// request could not be decoded.
func (t *Transport) Release(in *Inbound) {
	if in.spoilt {
		return
	}
	in.Response.Reset()
	in.Err, in.Tag, in.Waiting = nil, nil, nil
	in.Rearm()
	t.inbound[in.Response.Kind()].Put(in)
}

// Reply implements core.Transport.
func (t *Transport) Reply(requests []*core.Incoming) {
	for _, r := range requests {
		if in, ok := r.State.(*Inbound); ok && r.TakeAnswer() {
			in.done <- struct{}{}
		}
	}
}
