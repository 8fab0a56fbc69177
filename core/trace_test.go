package core_test

import (
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
)

func TestTraceTotalIsTheSumOfItsParts(t *testing.T) {
	trace := core.Trace{Clock: 1000, Received: 1000, Inbox: 1, Log: 20, Quorum: 300, Apply: 4000}
	if got := trace.Total(); got != 4321 {
		t.Fatalf("Total() = %d, want 4321", got)
	}
}

func TestClockCountsFromItsOrigin(t *testing.T) {
	c := core.Clock{Origin: time.Now().Add(-time.Hour)}
	before := time.Since(c.Origin)
	if now := c.Now(); now < before || now > time.Since(c.Origin) {
		t.Fatalf("Now() = %v, want at least %v", now, before)
	}
}
