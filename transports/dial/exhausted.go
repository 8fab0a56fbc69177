package dial

import (
	"errors"
	"fmt"
	"syscall"
)

// ExhaustedError is the error of an attempt to connect that this machine could
// not even make: it has run out of local ports or of file descriptors. It says
// nothing about the peer, and so neither opens a breaker nor starts a pause. Error
// says in one line what happened and what to do.
type ExhaustedError struct {
	What   string // there is none of any more
	Advice string
	Err    error // of the system call
}

func (e *ExhaustedError) Error() string {
	return fmt.Sprintf("out of %s (%v): %s", e.What, e.Err, e.Advice)
}

func (e *ExhaustedError) Unwrap() error { return e.Err }

// IsExhausted reports whether err is, or wraps, an *ExhaustedError.
func IsExhausted(err error) bool {
	var e *ExhaustedError
	return errors.As(err, &e)
}

// Explain makes an *ExhaustedError of err if it is one, and returns any other as
// it is. On the way from connect(2) EADDRNOTAVAIL means that every local port is
// taken, mostly by connections in TIME_WAIT, where the side that closes first
// leaves each for a minute (RFC 9293, 3.6.1).
func Explain(err error) error {
	for _, e := range []ExhaustedError{
		{What: "local ports", Err: syscall.EADDRNOTAVAIL, Advice: "a closed connection keeps its port for a minute; widen net.ipv4.ip_local_port_range, set net.ipv4.tcp_tw_reuse=1, or keep connections (conns=1)"},
		{What: "file descriptors of this process", Err: syscall.EMFILE, Advice: "raise ulimit -n, or use fewer callers or connections"},
		{What: "file descriptors of this machine", Err: syscall.ENFILE, Advice: "raise fs.file-max, or use fewer callers or connections"},
	} {
		if errors.Is(err, e.Err) && !IsExhausted(err) {
			e.Err = err
			return &e
		}
	}
	return err
}
