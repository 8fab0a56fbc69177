package unary

import (
	"errors"
	"strings"
	"testing"

	"github.com/raftbench/raftbench/core"
)

func serveOne(tr *Transport) (*Inbound, error) {
	in := tr.Accept(core.KindTimeoutNow)
	in.Request.(*core.TimeoutNowRequest).From = 9
	return in, tr.Serve(in)
}

func TestServeWaitsForReply(t *testing.T) {
	h := newInbox()
	tr := open(t, &fakeLibrary{}, h, nil)
	h.receive = func(requests []*core.Incoming) {
		r := requests[0]
		go func() {
			r.Response.(*core.TimeoutNowResponse).From = r.Request.(*core.TimeoutNowRequest).From
			again := []*core.Incoming{r}
			tr.Reply(again)
		}()
	}
	for range 100 {
		in, err := serveOne(tr)
		if got := in.Response.(*core.TimeoutNowResponse).From; err != nil || got != 9 {
			t.Fatalf("response from %v, error %v", got, err)
		}
		tr.Release(in)
	}
	if got := tr.Stats().Requests; got != 100 {
		t.Fatalf("counted %d requests, want 100", got)
	}
}

func TestAnErrorOfTheHandlerIsItsText(t *testing.T) {
	h := newInbox()
	tr := open(t, &fakeLibrary{}, h, nil)
	h.receive = func(requests []*core.Incoming) {
		requests[0].Err = errors.New("no room")
		tr.Reply(requests)
	}
	in, err := serveOne(tr)
	code, text := CodeOf(err)
	if code != CodeRemote || text != "no room" {
		t.Fatalf("code %d, text %q", code, text)
	}
	tr.Release(in)
	if in.Err != nil {
		t.Fatal("a released Inbound keeps its error")
	}
}

func TestAPanicAnswersAndSpoilsTheInbound(t *testing.T) {
	h := newInbox()
	tr := open(t, &fakeLibrary{}, h, nil)
	h.receive = func([]*core.Incoming) { panic("boom") }
	in, err := serveOne(tr)
	if !errors.Is(err, core.ErrRemote) || !strings.Contains(err.Error(), "boom") {
		t.Fatalf("error %v, want ErrRemote with the panic's text", err)
	}
	tr.Release(in)
	tr.Reply([]*core.Incoming{&in.Incoming}) // too late, and harmless
	if again := tr.Accept(core.KindTimeoutNow); again == in {
		t.Fatal("a request that a panic has answered was used again")
	}
	if got := tr.Stats().HandlerPanics; got != 1 {
		t.Fatalf("counted %d panics, want 1", got)
	}
}

func TestCloseReleasesServeAndTheLateReplyIsHarmless(t *testing.T) {
	h := newInbox()
	tr := open(t, &fakeLibrary{}, h, nil)
	got := make(chan *core.Incoming, 1)
	h.receive = func(requests []*core.Incoming) { got <- requests[0] }
	result := make(chan error, 1)
	go func() {
		_, err := serveOne(tr)
		result <- err
	}()
	r := <-got
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-result; !errors.Is(err, core.ErrClosed) {
		t.Fatalf("Serve ended with %v, want ErrClosed", err)
	}
	tr.Reply([]*core.Incoming{r})
	if _, err := serveOne(tr); !errors.Is(err, core.ErrClosed) {
		t.Fatalf("Serve after Close: %v, want ErrClosed", err)
	}
}

func TestServeIsBounded(t *testing.T) {
	h := newInbox()
	tr := open(t, &fakeLibrary{}, h, func(ep *core.Endpoint, _ *Config) { ep.Limits.QueuedCalls = 1 })
	held := make(chan *core.Incoming, core.NumClasses)
	h.receive = func(requests []*core.Incoming) { held <- requests[0] }
	results := make(chan error, core.NumClasses)
	for range core.NumClasses {
		go func() {
			_, err := serveOne(tr)
			results <- err
		}()
	}
	var all []*core.Incoming
	for range core.NumClasses {
		all = append(all, <-held)
	}
	if _, err := serveOne(tr); !errors.Is(err, core.ErrOverflow) {
		t.Fatalf("one more than the bound: %v, want ErrOverflow", err)
	}
	tr.Reply(all)
	for range all {
		if err := <-results; err != nil {
			t.Fatal(err)
		}
	}
}

func TestCodesKeepTheirMeaning(t *testing.T) {
	for code, want := range map[Code]error{
		CodeRemote: core.ErrRemote, CodeOverflow: core.ErrOverflow, CodeTooLarge: core.ErrTooLarge,
		CodeClosed: core.ErrBroken, 99: core.ErrBroken,
	} {
		if err := code.Err("x"); !errors.Is(err, want) {
			t.Fatalf("code %d is %v, want %v", code, err, want)
		}
	}
	for _, err := range []error{nil, &core.RemoteError{Text: "x"}, core.ErrOverflow, core.ErrTooLarge} {
		code, text := CodeOf(err)
		if got := code.Err(text); !errors.Is(got, err) && core.ErrorClass(got) != core.ErrorClass(err) {
			t.Fatalf("%v came back as %v", err, got)
		}
	}
	if noSuchKind := (&Transport{}).Accept(0); noSuchKind != nil {
		t.Fatal("Accept made a request of kind 0")
	}
}
