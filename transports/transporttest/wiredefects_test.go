package transporttest

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/raftbench/raftbench/core"
)

// wireDefects are those of transports with connections.
var wireDefects = []defect{
	{"loses calls that never got a connection", []string{"TimeoutWhileConnecting"}, func(h *hooks) {
		h.complete = func(calls []*core.Call) {
			h.user.Complete(slices.DeleteFunc(slices.Clone(calls), func(c *core.Call) bool {
				return errors.Is(c.Err, core.ErrTimeout) || errors.Is(c.Err, core.ErrUnavailable)
			}))
		}
	}},
	{"queues without bounds (" + slow + ")", []string{"PeerNeverReads"}, func(h *hooks) {
		h.cfg.Limits.QueuedCalls, h.cfg.Limits.QueuedBytes = 1<<30, 1<<40
	}},
	{"hides why it could not dial", []string{"MachineIsExhausted"}, func(h *hooks) {
		dial := h.cfg.Dial
		h.cfg.Dial = func(ctx context.Context, to core.NodeID) (net.Conn, error) {
			c, err := dial(ctx, to)
			if err != nil {
				err = errors.New("no connection")
			}
			return c, err
		}
	}},
	{"sends control behind bulk", []string{"ControlPassesSlowBulk"}, func(h *hooks) {
		sendBehind(h, func(c core.Class) bool { return c != core.ClassControl })
	}},
	{"sends everything behind snapshots", []string{"AppendsPassSlowSnapshot"}, func(h *hooks) {
		sendBehind(h, func(c core.Class) bool { return c == core.ClassSnapshot })
	}},
	{"waits for a peer to read in Send", []string{"FrozenPeerDelaysNobody"}, func(h *hooks) {
		ended := make(chan struct{}, 1<<16)
		h.complete = func(calls []*core.Call) {
			h.user.Complete(calls)
			ended <- struct{}{}
		}
		h.send = func(calls []*core.Call) {
			h.inner.Send(calls)
			select {
			case <-ended:
			case <-h.release:
			}
		}
	}},
	{"dials again and again", []string{"DeadPeerIsNotBesieged"}, func(h *hooks) {
		dial := h.cfg.Dial
		h.cfg.Dial = func(ctx context.Context, to core.NodeID) (net.Conn, error) {
			for range 1000 {
				if c, err := dial(ctx, to); err == nil {
					return c, nil
				}
			}
			return dial(ctx, to)
		}
	}},
	{"does not tell what its breaker does", []string{"Breaker"}, func(h *hooks) {
		h.stats = func() core.TransportStats {
			s := h.inner.(core.Meter).Stats()
			s.Peers = nil
			return s
		}
	}},
	{"does not notice a reset", []string{"ConnectionIsReset"}, func(h *hooks) {
		h.complete = func(calls []*core.Call) {
			h.user.Complete(slices.DeleteFunc(slices.Clone(calls), func(c *core.Call) bool { return errors.Is(c.Err, core.ErrBroken) }))
		}
	}},
	{"takes the rest of an answer for the next", []string{"HalfAnAnswer"}, func(h *hooks) {
		var rest atomic.Bool
		h.complete = func(calls []*core.Call) {
			for _, c := range calls {
				if errors.Is(c.Err, core.ErrTimeout) {
					rest.Store(true)
				} else if r, ok := c.Response.(*core.AppendEntriesResponse); ok && c.Err == nil && rest.CompareAndSwap(true, false) {
					r.Session--
				}
			}
			h.user.Complete(calls)
		}
	}},
	{"trusts a length", []string{"GarbageToListener", "GarbageToDialer", "RecordedBytesMutated"}, func(h *hooks) {
		throughConns(h, func(c net.Conn) net.Conn { return trusting{c, new(sync.Once)} })
	}},
	{"serves a few connections", []string{"HalfARequestThenSilence"}, func(h *hooks) {
		if h.cfg.Listener != nil {
			h.cfg.Listener = &few{Listener: h.cfg.Listener, release: h.release}
		}
	}},
	{"dials beyond Close", []string{"CloseWhileDialing"}, func(h *hooks) {
		dial := h.cfg.Dial
		h.cfg.Dial = func(_ context.Context, to core.NodeID) (net.Conn, error) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go func() {
				<-h.release
				cancel()
			}()
			return dial(ctx, to)
		}
	}},
	{"lingers when it closes", []string{"CloseOnPeerThatNeverReads"}, func(h *hooks) {
		throughConns(h, func(c net.Conn) net.Conn { return lingering{c, h.release} })
	}},
	{"leaves connections open", []string{"NothingIsLeft"}, func(h *hooks) {
		dial := h.cfg.Dial
		h.cfg.Dial = func(ctx context.Context, to core.NodeID) (net.Conn, error) {
			_, _ = dial(ctx, to)
			return dial(ctx, to)
		}
	}},
}

// throughConns wraps the connections of an endpoint.
func throughConns(h *hooks, wrap func(net.Conn) net.Conn) {
	dial := h.cfg.Dial
	h.cfg.Dial = func(ctx context.Context, to core.NodeID) (net.Conn, error) {
		c, err := dial(ctx, to)
		if err != nil {
			return nil, err
		}
		return wrap(c), nil
	}
	if h.cfg.Listener != nil {
		h.cfg.Listener = wrapping{h.cfg.Listener, wrap}
	}
}

type wrapping struct {
	net.Listener
	wrap func(net.Conn) net.Conn
}

func (w wrapping) Accept() (net.Conn, error) {
	c, err := w.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return w.wrap(c), nil
}

// trusting takes the first bytes of a connection for a length and makes room.
type trusting struct {
	net.Conn
	once *sync.Once
}

var sink atomic.Pointer[[]byte]

func (c trusting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n >= 4 {
		c.once.Do(func() {
			room := make([]byte, min(binary.BigEndian.Uint32(p), 64<<20))
			sink.Store(&room)
			sink.Store(nil)
		})
	}
	return n, err
}

// few accepts a connection only while fewer than eight are open.
type few struct {
	net.Listener
	release  chan struct{}
	accepted atomic.Int64
}

func (f *few) Accept() (net.Conn, error) {
	if f.accepted.Add(1) > 8 {
		<-f.release
	}
	return f.Listener.Accept()
}

// lingering is closed when the check is over.
type lingering struct {
	net.Conn
	release chan struct{}
}

func (c lingering) Close() error {
	<-c.release
	return c.Conn.Close()
}

// sendBehind holds back what is not bulk until all bulk is done.
func sendBehind(h *hooks, isBulk func(core.Class) bool) {
	var mu sync.Mutex
	var bulk int
	var held []*core.Call
	h.send = func(calls []*core.Call) {
		for _, c := range calls {
			mu.Lock()
			wait := !isBulk(c.Request.Class()) && bulk > 0
			if wait {
				held = append(held, c)
			} else if isBulk(c.Request.Class()) {
				bulk++
			}
			mu.Unlock()
			if !wait {
				h.inner.Send([]*core.Call{c})
			}
		}
	}
	h.complete = func(calls []*core.Call) {
		mu.Lock()
		for _, c := range calls {
			if isBulk(c.Request.Class()) {
				bulk--
			}
		}
		var now []*core.Call
		if bulk == 0 {
			now, held = held, nil
		}
		mu.Unlock()
		h.user.Complete(calls)
		h.inner.Send(now)
	}
}
