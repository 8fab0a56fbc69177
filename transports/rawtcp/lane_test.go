package rawtcp

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/transporttest/memnet"
)

// While one of two connections is broken and being dialed again, all calls go over
// the other; then both are used again.
func TestLanePassesOverABrokenConnection(t *testing.T) {
	var (
		mu    sync.Mutex
		dials int
		conns []net.Conn
	)
	again := make(chan struct{})
	set := settingsOf(false)
	set.conns = 2
	client := echoedBy(t, set, settingsOf(false), func(dial dialFunc) dialFunc {
		return func(ctx context.Context, to core.NodeID) (net.Conn, error) {
			mu.Lock()
			dials++
			blocked := dials > 2
			mu.Unlock()
			if blocked {
				<-again
			}
			c, err := dial(ctx, to)
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			return c, err
		}
	})
	release := sync.OnceFunc(func() { close(again) })
	t.Cleanup(release)
	ready := func() (n int) {
		for _, l := range (*client.peers.Load())[2].lanes[core.ClassAppend].Members() {
			if l.Ready() {
				n++
			}
		}
		return n
	}
	exchange(t, client, 2, 1)
	client.eventually("two connections", func() bool { return ready() == 2 })
	mu.Lock()
	_ = conns[0].Close()
	mu.Unlock()
	client.eventually("an attempt to connect again", func() bool {
		ready()
		mu.Lock()
		defer mu.Unlock()
		return dials == 3
	})
	exchange(t, client, 100, 1) // each would wait for again on the broken one
	release()
	client.eventually("two connections again", func() bool { return ready() == 2 })
	exchange(t, client, 100, 1)
}

// Of the most connections that the options allow each carries calls.
func TestMostConnections(t *testing.T) {
	network := memnet.New() // there may be fewer descriptors
	l, err := network.Listen(2)
	if err != nil {
		t.Fatal(err)
	}
	set := settingsOf(false)
	set.conns = maxConns
	client := echoedOn(t, set, settingsOf(false), l, network.Dial)
	exchange(t, client, 1, 1)
	pool := (*client.peers.Load())[2].lanes[core.ClassAppend]
	client.eventually("all connections", func() bool {
		for _, l := range pool.Members() {
			if !l.Ready() {
				return false
			}
		}
		return true
	})
	exchange(t, client, 2*maxConns, 1)
	for i, l := range pool.Members() {
		if !l.current.Load().heard.Load() {
			t.Fatalf("connection %d of %d carried nothing", i, maxConns)
		}
	}
}
