package core

import (
	"bytes"
	"io"
)

// Capturer is a StateMachine that can hold on to what it is while it goes on. Of
// one that cannot, the node writes the state into memory before it applies anything
// more (CaptureOf), and only the disk is waited for in the background.
type Capturer interface {
	StateMachine

	// Capture returns the state as it is now. It must be quick, for instance by
	// copying what is changed later (copy on write): nothing is applied meanwhile.
	// There is no second capture, and no ReadSnapshot, before the first was released.
	Capture() Capture
}

// Capture is the state of a machine at one moment.
type Capture interface {
	// WriteSnapshot writes that state, as the machine's WriteSnapshot would have
	// done. Another goroutine calls it, at most once, while the machine applies and
	// answers.
	WriteSnapshot(w io.Writer) error

	// Release says that the capture is not needed any more. The machine's user
	// calls it, when WriteSnapshot is not running.
	Release()
}

// CaptureOf holds on to the state of any machine: of one that is no Capturer by writing
// it into memory. It is what a machine that wraps another one captures that with.
func CaptureOf(m StateMachine) Capture {
	if c, ok := m.(Capturer); ok {
		return c.Capture()
	}
	whole := new(whole)
	whole.err = m.WriteSnapshot(&whole.state)
	return whole
}

// whole is all of a state that nobody could hold on to.
type whole struct {
	state bytes.Buffer
	err   error // of writing it
}

// WriteSnapshot implements Capture.
func (w *whole) WriteSnapshot(to io.Writer) error {
	if w.err != nil {
		return w.err
	}
	_, err := w.state.WriteTo(to)
	return err
}

// Release implements Capture.
func (w *whole) Release() {}
