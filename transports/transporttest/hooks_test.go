package transporttest

import (
	"sync"

	"github.com/raftbench/raftbench/core"
)

// hooks stand between a good transport and its user, and spoil it.
type hooks struct {
	inner   core.Transport
	user    core.Handler
	cfg     core.Endpoint
	release chan struct{} // closed when the check is over: what a bad transport leaves behind ends

	send     func([]*core.Call)
	cancel   func([]*core.Call)
	reply    func([]*core.Incoming)
	receive  func([]*core.Incoming)
	complete func([]*core.Call)
	close    func() error
	stats    func() core.TransportStats
}

func (h *hooks) Send(calls []*core.Call)     { h.send(calls) }
func (h *hooks) Cancel(calls []*core.Call)   { h.cancel(calls) }
func (h *hooks) Reply(r []*core.Incoming)    { h.reply(r) }
func (h *hooks) Close() error                { return h.close() }
func (h *hooks) Receive(r []*core.Incoming)  { h.receive(r) }
func (h *hooks) Complete(calls []*core.Call) { h.complete(calls) }
func (h *hooks) Stats() core.TransportStats  { return h.stats() }

// spoiled returns nt with every endpoint spoiled. Release ends what the
// endpoints leave behind.
func spoiled(nt core.NamedTransport, spoil func(*hooks)) (bad core.NamedTransport, release func()) {
	left := make(chan struct{})
	bad = nt
	bad.New = func(o core.Options) (*core.Network, error) {
		network, err := nt.New(o)
		if err != nil {
			return nil, err
		}
		worse := *network
		worse.Open = func(cfg core.Endpoint) (core.Transport, error) {
			h := &hooks{user: cfg.Handler, cfg: cfg, release: left}
			h.receive, h.complete = cfg.Handler.Receive, cfg.Handler.Complete
			h.cfg.Handler = h
			var opened sync.WaitGroup
			opened.Add(1)
			h.send = func(c []*core.Call) { opened.Wait(); h.inner.Send(c) }
			h.cancel = func(c []*core.Call) { h.inner.Cancel(c) }
			h.reply = func(r []*core.Incoming) { opened.Wait(); h.inner.Reply(r) }
			h.close = func() error { return h.inner.Close() }
			h.stats = func() core.TransportStats { return h.inner.(core.Meter).Stats() }
			spoil(h)
			var err error
			h.inner, err = network.Open(h.cfg)
			opened.Done()
			return h, err
		}
		return &worse, nil
	}
	return bad, sync.OnceFunc(func() { close(left) })
}
