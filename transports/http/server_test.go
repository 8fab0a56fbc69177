package http

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
	"github.com/raftbench/raftbench/transports/wire"
)

func TestPathsNameKinds(t *testing.T) {
	for _, k := range core.Kinds() {
		if got := kindOf([]byte(pathOf(k))); got != k {
			t.Fatalf("%s is %v, want %v", pathOf(k), got, k)
		}
	}
	for _, path := range []string{"", "/", "/raft/5/", "/raft/4/Propose", "/raft/5/propose", "/raft/5/Propose/", "//raft/5/Propose", "/RAFT/4/Propose", "/raft/5/%50ropose", "/raft/5/x/../Propose"} {
		if got := kindOf([]byte(path)); got != 0 {
			t.Fatalf("%q is %v, want none", path, got)
		}
	}
}

func TestPathPrefixCarriesTheVersionOfTheEncoding(t *testing.T) {
	if want := fmt.Sprintf("/raft/%d/", wire.Version); pathPrefix != want {
		t.Fatalf("paths begin with %s, want %s", pathPrefix, want)
	}
}

func TestStatusesKeepTheClassOfAnError(t *testing.T) {
	for _, tt := range []struct{ sent, want error }{
		{nil, nil},
		{&core.RemoteError{Text: "x"}, core.ErrRemote},
		{core.ErrOverflow, core.ErrOverflow},
		{core.ErrTooLarge, core.ErrTooLarge},
		{core.ErrClosed, core.ErrBroken},
	} {
		code, text := unary.CodeOf(tt.sent)
		if got := statusError(statusOf(code), []byte(text)); !errors.Is(got, tt.want) {
			t.Fatalf("%v arrived as %v, want %v", tt.sent, got, tt.want)
		}
	}
	if got := statusError(fasthttp.StatusNotFound, []byte("no such path")); !errors.Is(got, core.ErrRemote) {
		t.Fatalf("404 arrived as %v, want ErrRemote", got)
	}
}

// holdProposals answers everything but proposals.
type holdProposals struct{ ready chan core.Transport }

func (h holdProposals) Receive(requests []*core.Incoming) {
	t := <-h.ready
	h.ready <- t
	for _, r := range requests {
		if r.Request.Kind() != core.KindPropose {
			t.Reply([]*core.Incoming{r})
		}
	}
}

func (holdProposals) Complete([]*core.Call) {}

// fasthttp keeps the responses that it has for as long as there is another
// request to be read; serverConn must not let them wait for that one's handler.
func TestAnAnswerDoesNotWaitForTheRequestBehindIt(t *testing.T) {
	network, err := newNetwork(mustParse(t))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := holdProposals{make(chan core.Transport, 1)}
	tr, err := network.Open(core.Endpoint{Self: 1, Listener: l, Handler: h, Dial: nobody})
	if err != nil {
		t.Fatal(err)
	}
	h.ready <- tr
	defer func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	}()

	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nc.Close() }()
	if err := nc.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(nc)
	for _, req := range []core.Request{&core.TimeoutNowRequest{From: 2}, &core.ProposeRequest{From: 2}} {
		var m fasthttp.Request
		m.Header.SetMethod(fasthttp.MethodPost)
		m.Header.SetHost("raft")
		m.SetRequestURI(pathOf(req.Kind()))
		m.SetBodyRaw(wire.AppendRequest(nil, req))
		if err := m.Write(w); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil { // both in one segment
		t.Fatal(err)
	}
	var resp fasthttp.Response
	if err := resp.Read(bufio.NewReader(nc)); err != nil || resp.StatusCode() != fasthttp.StatusOK {
		t.Fatalf("status %d, error %v", resp.StatusCode(), err)
	}
}

func mustParse(t *testing.T) core.Options {
	t.Helper()
	o, err := Transport().ParseOptions(nil)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func nobody(context.Context, core.NodeID) (net.Conn, error) {
	return nil, errors.New("nobody is there")
}
