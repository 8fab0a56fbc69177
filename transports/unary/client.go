package unary

import (
	"context"
	"time"

	"github.com/raftbench/raftbench/core"
)

// Client is the calling side of a library, cut where the ownership of memory
// changes hands. All methods may be called concurrently.
type Client interface {
	// Prepare encodes a request, or copies it. It must not wait, and nothing it
	// returns may point into req: the caller may reuse that memory while the
	// library is still busy with a call that has timed out. A request that is
	// larger than Limits.MessageBytes ends with core.ErrTooLarge here.
	Prepare(to core.NodeID, req core.Request) (Attempt, error)

	// Close makes every Do under way return soon, closes all connections and
	// waits for the goroutines that the client started.
	Close() error
}

// Attempt is one call on its way through the library: Do once, Decode at most
// once and only after Do succeeded, Release last. One goroutine uses it.
type Attempt interface {
	// Do carries out the call and waits for its answer. It returns soon after
	// the deadline, and soon after ctx ends, which it does when the transport
	// closes. It keeps the answer. An error wraps one of core's sentinels if it
	// can; others count as core.ErrBroken, save that an expired context or
	// connection deadline counts as core.ErrTimeout.
	Do(ctx context.Context, deadline time.Time) error

	// Decode fills resp, which is empty and of the request's kind, with the
	// answer. It must not wait, and resp must not point into memory that the
	// attempt or the library keeps.
	Decode(resp core.Response) error

	// Release gives the attempt's memory back.
	Release()
}
