package dial_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
)

// failedDial is what net.Dial returns.
func failedDial(errno syscall.Errno) error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
}

func TestExhaustionIsExplained(t *testing.T) {
	for _, c := range []struct {
		errno syscall.Errno
		words []string
	}{
		{syscall.EADDRNOTAVAIL, []string{"out of local ports", "net.ipv4.ip_local_port_range", "tcp_tw_reuse", "conns="}},
		{syscall.EMFILE, []string{"out of file descriptors of this process", "ulimit -n"}},
		{syscall.ENFILE, []string{"out of file descriptors of this machine", "fs.file-max"}},
	} {
		err := fmt.Errorf("dial 2: %w", dial.Explain(failedDial(c.errno)))
		if !dial.IsExhausted(err) || !errors.Is(err, c.errno) {
			t.Errorf("%v became %v", c.errno, err)
		}
		for _, word := range c.words {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%v: %q does not say %q", c.errno, err, word)
			}
		}
	}
}

func TestOtherErrorsStayAsTheyAre(t *testing.T) {
	for _, err := range []error{nil, failedDial(syscall.ECONNREFUSED), core.ErrClosed, dial.Explain(failedDial(syscall.EMFILE))} {
		if got := dial.Explain(err); got != err { //nolint:errorlint // the very same
			t.Errorf("%v became %v", err, got)
		}
	}
}

// A machine without ports says nothing about its peers.
func TestExhaustionDoesNotOpenTheBreaker(t *testing.T) {
	b := dial.NewBreaker(2, time.Minute)
	for range 100 {
		done, err := b.Allow()
		if err != nil {
			t.Fatal(err)
		}
		done(fmt.Errorf("dial 2: %w: %w", core.ErrUnavailable, dial.Explain(failedDial(syscall.EADDRNOTAVAIL))))
	}
	if s := b.Stats(); s.Breaker != core.BreakerClosed || s.BreakerTrips != 0 {
		t.Errorf("the breaker is %v and tripped %d times", s.Breaker, s.BreakerTrips)
	}
}
