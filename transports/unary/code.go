package unary

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/raftbench/raftbench/core"
)

// Code says on the wire how a request ended at the server, for libraries whose
// own errors are strings or too coarse. The numbers are part of the wire
// formats that use them: never reuse one.
type Code uint8

// The codes.
const (
	CodeOK       Code = 0
	CodeRemote   Code = 1 // the handler answered with an error or panicked
	CodeOverflow Code = 2 // the server had too many requests; the handler never saw this one
	CodeTooLarge Code = 3 // the response exceeds Limits.MessageBytes
	CodeClosed   Code = 4 // the server's transport closed before there was an answer
)

// CodeOf returns the code and the text for an error of Serve, or of encoding a
// response.
func CodeOf(err error) (Code, string) {
	var remote *core.RemoteError
	switch {
	case err == nil:
		return CodeOK, ""
	case errors.As(err, &remote):
		return CodeRemote, remote.Text
	case errors.Is(err, core.ErrOverflow):
		return CodeOverflow, ""
	case errors.Is(err, core.ErrTooLarge):
		return CodeTooLarge, ""
	case errors.Is(err, core.ErrClosed):
		return CodeClosed, ""
	}
	return CodeRemote, err.Error()
}

// Err returns the error with which the caller's call ends.
func (c Code) Err(text string) error {
	switch c {
	case CodeOK:
		return nil
	case CodeRemote:
		return &core.RemoteError{Text: text}
	case CodeOverflow:
		return fmt.Errorf("at the peer: %w", core.ErrOverflow)
	case CodeTooLarge:
		return fmt.Errorf("response: %w", core.ErrTooLarge)
	case CodeClosed:
		return fmt.Errorf("%w: the peer closed", core.ErrBroken)
	}
	return fmt.Errorf("%w: unknown code %d in an answer", core.ErrBroken, c)
}

var sentinels = []error{
	core.ErrUnavailable, core.ErrBroken, core.ErrTimeout, core.ErrCanceled,
	core.ErrOverflow, core.ErrTooLarge, core.ErrClosed, core.ErrRemote,
}

// asCoreError makes an error of a Client match one of core's sentinels.
func asCoreError(err error) error {
	if err == nil {
		return nil
	}
	for _, s := range sentinels {
		if errors.Is(err, s) {
			return err
		}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: %w", core.ErrTimeout, err)
	case errors.Is(err, context.Canceled): // only Close ends the context of Do
		return fmt.Errorf("%w: %w", core.ErrClosed, err)
	}
	return fmt.Errorf("%w: %w", core.ErrBroken, err)
}
