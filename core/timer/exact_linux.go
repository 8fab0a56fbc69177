package timer

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// exact sleeps by a timerfd and by a Go timer at once. On an idle machine the
// descriptor ends epoll_wait on time. While all Ps are busy nobody looks at
// descriptors for up to 10 ms, but the scheduler does look at Go's timers, and the
// deadline of a read is one of those.
//
// A thread of its own in clock_nanosleep is as exact, but takes with it the P on
// which it ran until the runtime notices: half of a cluster that has two.
type exact struct {
	file *os.File
	raw  syscall.RawConn
	set  func(fd uintptr) // sets the descriptor to in; made once, so that arm does not allocate
	in   time.Duration
}

// newExact returns an exact sleeper, or a coarse one where there is no descriptor to
// be had.
func newExact() sleeper {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return newCoarse()
	}
	e := &exact{file: os.NewFile(uintptr(fd), "timerfd")}
	e.set = func(fd uintptr) {
		// It fails for times below zero only. Then, too, there is the deadline.
		_ = unix.TimerfdSettime(int(fd), 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(e.in))}, nil)
	}
	e.raw, err = e.file.SyscallConn()
	if err != nil || e.file.SetReadDeadline(time.Time{}) != nil {
		_ = e.file.Close() // a timer that the poller does not take; nothing was written
		return newCoarse()
	}
	return e
}

// arm implements sleeper. After close it does nothing.
func (e *exact) arm(at time.Time) {
	e.in = max(time.Until(at), 1) // zero would disarm
	_ = e.raw.Control(e.set)
	_ = e.file.SetReadDeadline(at)
}

// disarm implements sleeper. Only a deadline that has passed has to be taken back: a
// descriptor that has not been read wakes once more, for nothing.
func (e *exact) disarm() { _ = e.file.SetReadDeadline(time.Time{}) }

// wait implements sleeper.
func (e *exact) wait() bool {
	var expirations [8]byte
	_, err := e.file.Read(expirations[:])
	return err == nil || errors.Is(err, os.ErrDeadlineExceeded)
}

// close implements sleeper.
func (e *exact) close() { _ = e.file.Close() } // there is nothing to lose in it
