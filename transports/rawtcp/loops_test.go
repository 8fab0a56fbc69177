package rawtcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
)

func settingsOf(gnet bool) settings {
	return settings{conns: 1, inline: true, yield: true, readSize: 64 << 10, checksum: true, gnet: gnet}
}

type dialFunc = func(context.Context, core.NodeID) (net.Conn, error)

// dialTo connects to l, whoever is asked for.
func dialTo(l net.Listener) dialFunc {
	return func(ctx context.Context, _ core.NodeID) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}
}

// echoed opens a caller and a node 2 that answers each AppendEntries with its
// session.
func echoed(t *testing.T, caller, answerer settings) *endpoint {
	t.Helper()
	return echoedBy(t, caller, answerer, func(dial dialFunc) dialFunc { return dial })
}

// echoedBy is echoed with a dialer that is wrapped.
func echoedBy(t *testing.T, caller, answerer settings, wrap func(dialFunc) dialFunc) *endpoint {
	t.Helper()
	l := listenLocal(t)
	return echoedOn(t, caller, answerer, l, wrap(dialTo(l)))
}

// echoedOn is echoedBy on a network of the test's.
func echoedOn(t *testing.T, caller, answerer settings, l net.Listener, dial dialFunc) *endpoint {
	t.Helper()
	server := &endpoint{t: t}
	ready := make(chan struct{}) // server.transport is set
	server.receive = func(requests []*core.Incoming) {
		<-ready
		for _, r := range requests {
			r.Response.(*core.AppendEntriesResponse).Session = r.Request.(*core.AppendEntriesRequest).Session
		}
		server.Reply(requests)
	}
	server.transport = opened(t, answerer, core.Endpoint{Self: 2, Listener: l, Handler: server})
	close(ready)
	client := &endpoint{t: t, ended: make(chan *core.Call, 1000)}
	client.transport = opened(t, caller, core.Endpoint{Self: 1, Handler: client, Dial: dial})
	t.Cleanup(func() {
		if err := errors.Join(client.Close(), server.Close()); err != nil {
			t.Error(err)
		}
	})
	return client
}

// exchange sends n calls at once and checks that each has its own answer.
func exchange(t *testing.T, client *endpoint, n, dataBytes int) {
	t.Helper()
	var calls []*core.Call
	for i := range n {
		calls = append(calls, &core.Call{To: 2, Timeout: patience, Response: new(core.AppendEntriesResponse), Request: &core.AppendEntriesRequest{
			Session: uint64(i), Entries: []core.Entry{{Index: 1, Data: make([]byte, dataBytes)}},
		}})
	}
	client.Send(calls)
	for range calls {
		c := client.wait()
		if c.Err != nil {
			t.Fatal(c.Err)
		}
		if got, want := c.Response.(*core.AppendEntriesResponse).Session, c.Request.(*core.AppendEntriesRequest).Session; got != want {
			t.Fatalf("call %d got the answer of call %d", want, got)
		}
	}
}

// The format is the same, whoever reads and writes it.
func TestPollerAndLoopsUnderstandEachOther(t *testing.T) {
	for _, gnet := range []struct{ caller, answerer bool }{{true, true}, {true, false}, {false, true}} {
		t.Run(fmt.Sprintf("caller=%t,answerer=%t", gnet.caller, gnet.answerer), func(t *testing.T) {
			client := echoed(t, settingsOf(gnet.caller), settingsOf(gnet.answerer))
			exchange(t, client, 1, 0)
			exchange(t, client, 500, 100)
			exchange(t, client, 20, 1<<20) // more than the sockets take at once
		})
	}
}

func TestLoopsNeedSockets(t *testing.T) {
	client := &endpoint{t: t, ended: make(chan *core.Call, 1)}
	client.transport = opened(t, settingsOf(true), core.Endpoint{
		Self: 1, Handler: client,
		Dial: func(context.Context, core.NodeID) (net.Conn, error) {
			here, there := net.Pipe()
			t.Cleanup(func() { _ = there.Close() })
			return here, nil
		},
	})
	defer client.Close()
	client.call(heartbeat(), patience)
	err := client.wait().Err
	if !errors.Is(err, core.ErrUnavailable) || !strings.Contains(err.Error(), "io=netpoll") {
		t.Errorf("over a pipe: %v", err)
	}
}

// A socket that no loop takes has carried nothing: the call was certainly not sent.
func TestSocketThatNoLoopTakes(t *testing.T) {
	l := listenLocal(t)
	client := &endpoint{t: t, ended: make(chan *core.Call, 1)}
	client.transport = opened(t, settingsOf(true), core.Endpoint{
		Self: 1, Handler: client,
		Dial: func(ctx context.Context, to core.NodeID) (net.Conn, error) {
			c, err := dialTo(l)(ctx, to)
			if err == nil {
				err = c.Close() // as useless as one that there is no second descriptor for
			}
			return c, err
		},
	})
	defer client.Close()
	client.call(heartbeat(), patience)
	if err := client.wait().Err; !errors.Is(err, core.ErrUnavailable) || errors.Is(err, core.ErrBroken) {
		t.Errorf("%v; want ErrUnavailable", err)
	}
	if s := client.Stats(); s.DialFailures != 1 || s.Unavailable != 1 {
		t.Errorf("%+v; want one attempt that failed", s)
	}
}

// gnet goes on reading whatever a session does, so a peer that sends far more than
// it may loses its connection.
func TestLoopSessionBoundsWhatWaits(t *testing.T) {
	l := listenLocal(t)
	server := &endpoint{t: t}
	server.receive = server.hold
	server.transport = opened(t, settingsOf(true), core.Endpoint{
		Self: 2, Listener: l, Handler: server, Limits: core.Limits{QueuedCalls: 1, QueuedBytes: 1 << 10},
	})
	defer server.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(appendHello(nil, hello{from: 1, class: core.ClassAppend, checksum: true})); err != nil {
		t.Fatal(err)
	}
	request := appendRequest(nil, 1, &core.AppendEntriesRequest{Entries: []core.Entry{{Index: 1, Data: make([]byte, 32<<10)}}}, true)
	for range 1000 { // 32 MiB, against 68 KiB that may wait
		if _, err = c.Write(request); err != nil {
			break
		}
	}
	if err == nil {
		_, err = io.Copy(io.Discard, c)
	}
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		t.Fatal("the connection lives on")
	}
}
