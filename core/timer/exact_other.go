//go:build !linux

package timer

// newExact returns what Go has, which may be a millisecond late.
func newExact() sleeper { return newCoarse() }
