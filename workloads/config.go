package workloads

import (
	"errors"
	"fmt"
	"time"
)

// Config says what a Driver does.
type Config struct {
	// Generate makes the operations of one worker; Workload.NewGenerator is one.
	Generate func(worker int) (Generator, error)

	// Connect makes the target of one worker. Whoever connects closes, after Run.
	Connect Connect

	// Workers is the number of links, each with a goroutine and a recorder of its
	// own. Default 1.
	Workers int

	// Clients makes a closed loop: so many clients, each with one operation under
	// way. Exactly one of Clients and Schedule is set.
	Clients int

	// Schedule makes an open loop. It begins with the window; the warm-up has the
	// rate with which it begins. If it ends, the window ends with it.
	Schedule *Schedule

	// MaxOutstanding bounds the operations under way in an open loop, and
	// MaxOutstandingBytes their commands, and with ReadBytes the results that gets have.
	// An operation that is due while so much is under way is refused, and counted; the last
	// one let in may exceed the bytes. Under overload this is the queue, so that it says how
	// long operations wait that are not refused. Defaults 65,536 and 64 MiB, the
	// limits of a transport (core.Limits).
	MaxOutstanding      int
	MaxOutstandingBytes int

	// ReadBytes is the size of a get's result, if that is known.
	ReadBytes int

	// Warmup is what to leave out at the start: a time, or WarmupAuto.
	Warmup time.Duration

	// Duration is the length of the window. Zero: until Operations are done, or the
	// schedule ends.
	Duration time.Duration

	// Operations ends the window when so many were started, or refused, in it and
	// are done. Zero: no such end.
	Operations int

	// OnOpen is called when the window begins, and OnClose when it ends, once each,
	// by the goroutine that called Run: the moments to read what a run costs. Without
	// a warm-up, OnOpen comes right before the first operation; otherwise it comes
	// as soon as the goroutine runs after the instant, to which it sleeps in the
	// kernel, as dispatchers do. OnClose comes in the same way at the end of a
	// window that has a time, before any wait for operations under way; at once
	// after a cancellation; and after the last operation is done if Operations ended
	// the window, so that what Operations have cost is all in it. If one of those
	// never comes back, OnClose comes after Grace. Neither is called if the run is
	// cancelled before the window begins. They hold no worker up but by the CPU that
	// they take.
	OnOpen, OnClose func()

	// Grace is how long to wait at the end for operations under way. What is not
	// back then is counted as in flight. Default 5 s; at most 200 ms of it after
	// a cancellation.
	Grace time.Duration

	// FailurePause is how long a client of a closed loop waits after an operation
	// without success, so that a target that refuses at once is not asked a million
	// times a second. Default 1 ms; negative: none.
	FailurePause time.Duration

	// Classify names the class of an error. The names are counted: return few.
	// Default client.ErrorClass.
	Classify func(error) string

	// History, if not nil, gets every operation. Not for timed runs.
	History *History
}

// DefaultMaxOutstandingBytes is Config.MaxOutstandingBytes of a Config that does not say.
const DefaultMaxOutstandingBytes = 64 << 20

// cancelGrace bounds Grace after a cancellation.
const cancelGrace = 200 * time.Millisecond

// withDefaults returns c with zero fields replaced, or an error that names the
// field and what is allowed.
func (c Config) withDefaults() (Config, error) {
	setDefault(&c.Workers, 1)
	setDefault(&c.MaxOutstanding, 1<<16)
	setDefault(&c.MaxOutstandingBytes, DefaultMaxOutstandingBytes)
	setDefault(&c.Grace, 5*time.Second)
	setDefault(&c.FailurePause, time.Millisecond)
	if c.OnOpen == nil {
		c.OnOpen = func() {}
	}
	if c.OnClose == nil {
		c.OnClose = func() {}
	}
	switch {
	case c.Generate == nil || c.Connect == nil:
		return c, errors.New("driver: Generate and Connect are required")
	case (c.Clients == 0) == (c.Schedule == nil):
		return c, errors.New("driver: want either clients, for a closed loop, or a schedule, for an open one")
	case c.Workers < 1:
		return c, fmt.Errorf("driver: %d workers: want at least 1", c.Workers)
	case c.Schedule == nil && c.Clients < c.Workers:
		return c, fmt.Errorf("driver: %d clients: want at least one for each of %d workers", c.Clients, c.Workers)
	case c.Schedule != nil && c.MaxOutstanding < c.Workers:
		return c, fmt.Errorf("driver: at most %d outstanding: want at least one for each of %d workers", c.MaxOutstanding, c.Workers)
	case c.Schedule != nil && (c.MaxOutstandingBytes < c.Workers || c.ReadBytes < 0):
		return c, fmt.Errorf("driver: at most %d B outstanding, reads of %d B: want at least 1 B for each of %d workers, and none negative", c.MaxOutstandingBytes, c.ReadBytes, c.Workers)
	case c.Warmup < 0 && c.Warmup != WarmupAuto:
		return c, fmt.Errorf("driver: warm-up of %v: want zero, a positive time or automatic", c.Warmup)
	case c.Duration < 0 || c.Operations < 0 || c.Grace < 0:
		return c, fmt.Errorf("driver: duration %v, operations %d, grace %v: none may be negative", c.Duration, c.Operations, c.Grace)
	case c.length() == 0 && c.Operations == 0:
		return c, errors.New("driver: want a duration or a number of operations")
	case c.Operations > 0 && c.Operations < c.Workers:
		return c, fmt.Errorf("driver: %d operations: want at least one for each of %d workers", c.Operations, c.Workers)
	}
	return c, nil
}

// length is how long the window may be; zero if only Operations end it.
func (c *Config) length() time.Duration {
	length := c.Duration
	if c.Schedule == nil {
		return length
	}
	if d, ends := c.Schedule.Stages.Duration(); ends && (length == 0 || d < length) {
		return d
	}
	return length
}

func setDefault[T ~int | ~int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// loop returns which loop c asks for.
func (c *Config) loop() Loop {
	if c.Schedule != nil {
		return Open
	}
	return Closed
}

// planned is how long the run may take from start to end; zero if nobody knows.
func (c *Config) planned() time.Duration {
	if c.length() == 0 {
		return 0
	}
	warmup := c.Warmup
	if warmup == WarmupAuto {
		warmup = warmupMax
	}
	return warmup + c.length() + c.Grace
}

// newRecorder returns an empty recorder for one worker.
func (c *Config) newRecorder() *Recorder {
	var stages Stages
	if c.Schedule != nil {
		stages = c.Schedule.Stages
	}
	width := seriesWidth(c.planned())
	r := NewRecorder(c.loop(), width, stages, c.Classify)
	if early := c.Warmup % width; c.Warmup > 0 && early > 0 {
		r.series.Origin = early - width // so that a bucket begins with the window
	}
	return r
}

// windowAfter is the first instant from t on at which a window may begin that
// follows an automatic warm-up: that of a bucket of the series, unless those are wide.
func (c *Config) windowAfter(t time.Duration) time.Duration {
	width := min(seriesWidth(c.planned()), time.Second)
	return (t + width - 1) / width * width
}

// share is the part of n that falls to one worker; the parts add up to n.
func (c *Config) share(n, worker int) int {
	part := n / c.Workers
	if worker < n%c.Workers {
		part++
	}
	return part
}

// sharesBefore is what falls to the workers before one.
func (c *Config) sharesBefore(n, worker int) int {
	sum := 0
	for w := range worker {
		sum += c.share(n, w)
	}
	return sum
}
