package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// signals turns the first SIGINT or SIGTERM into the end of ctx, for what is
// under way to be kept, and the second into leave.
type signals struct {
	ctx   context.Context
	leave chan struct{}

	caught chan os.Signal
	stop   context.CancelFunc
	quit   chan struct{}
	ended  chan struct{}
}

// leaveAfter is how long after a second signal Main still waits: long enough for
// the journal to say that the run was interrupted, if both came at once.
const leaveAfter = 300 * time.Millisecond

func listen() *signals {
	ctx, stop := context.WithCancel(context.Background())
	s := &signals{ctx: ctx, stop: stop, leave: make(chan struct{}), caught: make(chan os.Signal, 2), quit: make(chan struct{}), ended: make(chan struct{})}
	signal.Notify(s.caught, os.Interrupt, syscall.SIGTERM)
	go s.wait()
	return s
}

func (s *signals) wait() {
	defer close(s.ended)
	for _, act := range []func(){s.stop, func() {}} {
		select {
		case <-s.caught:
			act()
		case <-s.quit:
			return
		}
	}
	// No command is worth waiting for longer, and a third signal changes nothing.
	time.AfterFunc(leaveAfter, func() { close(s.leave) })
}

// close ends the goroutine. Signals go on doing nothing: the command has ended, and
// one that comes between its end and the process's would take the exit code away.
func (s *signals) close() {
	close(s.quit)
	<-s.ended
	s.stop()
}
