package wal

import (
	"fmt"

	"github.com/raftbench/raftbench/core"
)

// Verdict is what opening a log found.
type Verdict int

const (
	// Clean: everything is there.
	Clean Verdict = iota
	// Cut: after the last frame there was something that was certainly never
	// acknowledged: a frame whose write the process or the power did not outlive.
	Cut
	// Quarantined: the log was damaged, now or at an earlier time, and opened on its
	// sound prefix; see Log.Doubt.
	Quarantined
)

func (v Verdict) String() string {
	return [...]string{"clean", "cut", "quarantined"}[v]
}

// Recovery says how a log was found.
type Recovery struct {
	Verdict Verdict

	// CutBytes is the size of what was cut, in whole sectors.
	CutBytes int64

	// Damage is what was found, now or at an earlier time. Nil unless the log is
	// quarantined.
	Damage *DamageError
}

// DamageError says that a log has lost something that this node may have
// acknowledged. Nothing in the directory has been changed. Options.Quarantine opens
// the log on its sound prefix.
type DamageError struct {
	// Path and Offset say where the damage begins: at Offset bytes, or anywhere in
	// the file if Offset is zero.
	Path   string
	Offset int64

	Reason error

	// Doubt says what is lost: the log is sound through Doubt.Sound.
	Doubt core.Doubt
}

func (e *DamageError) Error() string {
	at := e.Path
	if e.Offset > 0 {
		at = fmt.Sprintf("%s, byte %d", e.Path, e.Offset)
	}
	lost := fmt.Sprintf("may have lost what was acknowledged up to index %d", e.Doubt.Through)
	if e.Doubt.Newborn() {
		lost = "what this node acknowledged beyond and for whom it voted is not known"
	}
	return fmt.Sprintf("wal: %s: damaged: %v: the log is sound through index %d, and %s", at, e.Reason, e.Doubt.Sound, lost)
}

func (e *DamageError) Unwrap() error { return e.Reason }
