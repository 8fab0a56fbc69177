package core

import (
	"errors"
	"fmt"
)

// The ways in which a call can end without a response. A transport wraps them
// with what it attempted ("dial node 2: …"); test with errors.Is.
//
// NotSent tells which of them promise that the peer never saw the request.
var (
	// ErrUnavailable: no connection to the peer could be had, so the request was not sent.
	ErrUnavailable = errors.New("peer unavailable")
	// ErrBroken: the connection ended while the call was under way; whether the peer saw the request is unknown.
	ErrBroken = errors.New("connection broken")
	// ErrTimeout: the call's timeout passed first; whether the peer saw the request is unknown.
	ErrTimeout = errors.New("timeout")
	// ErrCanceled: Cancel was called; whether the peer saw the request is unknown.
	ErrCanceled = errors.New("canceled")
	// ErrOverflow: the queue to the peer was full (by count or by bytes), so the request was not sent.
	ErrOverflow = errors.New("queue full")
	// ErrTooLarge: the request exceeds Limits.MessageBytes and was not sent, or the response does and was refused.
	ErrTooLarge = errors.New("message too large")
	// ErrClosed: the transport was closed; whether the peer saw the request is unknown.
	ErrClosed = errors.New("transport closed")
	// ErrRemote: the peer's handler answered with an error or panicked; the text says which.
	ErrRemote = errors.New("peer failed")
)

// NotSent reports whether err promises that the peer never saw the request, so
// that sending it again cannot execute it twice.
func NotSent(err error) bool {
	return errors.Is(err, ErrUnavailable) || errors.Is(err, ErrOverflow)
}

// ErrorClass is the short name under which a report counts err: "timeout",
// "unavailable" and so on, or "other".
func ErrorClass(err error) string {
	for _, c := range []struct {
		err  error
		name string
	}{
		{ErrUnavailable, "unavailable"},
		{ErrBroken, "broken"},
		{ErrTimeout, "timeout"},
		{ErrCanceled, "canceled"},
		{ErrOverflow, "overflow"},
		{ErrTooLarge, "too_large"},
		{ErrClosed, "closed"},
		{ErrRemote, "remote"},
	} {
		if errors.Is(err, c.err) {
			return c.name
		}
	}
	return "other"
}

// RemoteError is the error that a peer's handler answered with, as it arrives
// at the caller. It matches ErrRemote.
type RemoteError struct {
	Text string
}

func (e *RemoteError) Error() string { return fmt.Sprintf("%v: %s", ErrRemote, e.Text) }

// Is makes errors.Is(err, ErrRemote) hold.
func (e *RemoteError) Is(target error) bool { return target == ErrRemote }

// Errors of a Log.
var (
	// ErrCompacted: the index lies in the part of the log that was compacted away.
	ErrCompacted = errors.New("log compacted")
	// ErrOutOfRange: the index lies beyond the end of the log.
	ErrOutOfRange = errors.New("index out of range")
)
