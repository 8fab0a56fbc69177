package node

import (
	"testing"
	"time"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/raft"
)

// By entries, by bytes, or, if nothing is said, by entries that are worth it.
func TestWhenToSnapshot_5_1_2(t *testing.T) {
	for _, c := range []struct {
		config                SnapshotConfig
		entries, bytes, state uint64
		due                   bool
	}{
		{SnapshotConfig{Entries: 10}, 9, defaultSnapshotBytes - 1, 0, false},
		{SnapshotConfig{Entries: 10}, 9, defaultSnapshotBytes, 0, true},
		{SnapshotConfig{Entries: 10}, 9, 1 << 40, 1 << 43, false},
		{SnapshotConfig{Entries: 10}, 9, 1 << 40, 1 << 42, true},
		{SnapshotConfig{Entries: 10}, 10, 1, 1 << 40, true},
		{SnapshotConfig{Bytes: 100}, 1 << 40, 99, 0, false},
		{SnapshotConfig{Bytes: 100}, 1, 100, 1 << 40, true},
		{SnapshotConfig{Entries: 10, Bytes: 100}, 1, 100, 0, true},
		{SnapshotConfig{Entries: 10, Bytes: 100}, 10, 1, 0, true},
		{SnapshotConfig{}, defaultSnapshotEntries - 1, defaultSnapshotBytes - 1, 0, false},
		{SnapshotConfig{}, 1, defaultSnapshotBytes, 0, true},
		{SnapshotConfig{}, 1, defaultSnapshotBytes, 5 * defaultSnapshotBytes, false},
		{SnapshotConfig{}, 1, defaultSnapshotBytes, 4 * defaultSnapshotBytes, true},
		{SnapshotConfig{}, defaultSnapshotEntries, 99, 400, false},
		{SnapshotConfig{}, defaultSnapshotEntries, 100, 400, true},
	} {
		if got := c.config.isDue(c.entries, c.bytes, c.state); got != c.due {
			t.Errorf("%+v, %d entries, %d bytes, state of %d: due %t, want %t", c.config, c.entries, c.bytes, c.state, got, c.due)
		}
	}
}

// The tail that stays in the log is measured by what a snapshot is taken after.
func TestIntervalOfSnapshots(t *testing.T) {
	for _, c := range []struct {
		config                SnapshotConfig
		mean, state, interval uint64
	}{
		{SnapshotConfig{}, 100, 0, defaultSnapshotEntries},
		{SnapshotConfig{}, 1 << 20, 0, 129},
		{SnapshotConfig{}, 1 << 20, 1 << 30, 257},
		{SnapshotConfig{Entries: 500}, 100, 0, 500},
		{SnapshotConfig{Entries: 500}, 1 << 20, 0, 129},
		{SnapshotConfig{Bytes: 5000}, 100, 0, 51},
		{SnapshotConfig{Bytes: 5000}, 100, 1 << 40, 51},
		{SnapshotConfig{Entries: 500, Bytes: 5000}, 100, 0, 51},
		{SnapshotConfig{Entries: 5, Bytes: 5000}, 100, 0, 5},
	} {
		if got := c.config.interval(c.mean, c.state); got != c.interval {
			t.Errorf("%+v, entries of %d bytes, state of %d: %d, want %d", c.config, c.mean, c.state, got, c.interval)
		}
	}
}

// What moves is paced by what moved before; of time in which nothing moved, a burst is made
// up for.
func TestPace(t *testing.T) {
	const rate = 2 * paceBurst
	p := pace{bytesPerSecond: rate}
	start := time.Now()
	for i, c := range []struct {
		bytes    int
		at, want time.Duration
	}{
		{paceBurst, 0, 0}, {rate / 2, 0, 0}, {rate / 10, 0, 500 * time.Millisecond}, {rate / 10, 300 * time.Millisecond, 300 * time.Millisecond},
		{paceBurst, 10 * time.Second, 0}, {rate / 10, 10 * time.Second, 0}, {1, 10 * time.Second, 100 * time.Millisecond},
	} {
		if got := p.book(c.bytes, start.Add(c.at)); got.Round(time.Millisecond) != c.want {
			t.Errorf("%d: %v, want %v", i, got, c.want)
		}
	}
	if unbound := (&pace{bytesPerSecond: -1}); unbound.book(1<<30, start) != 0 || unbound.book(1, start) != 0 {
		t.Error("without a bound something waits")
	}
}

// The log keeps a tail for followers that are slow, or that are being sent a snapshot,
// but not for one that is cheaper to bring up by the snapshot itself.
func TestTheLogKeepsATail_5_1_3(t *testing.T) {
	for name, c := range map[string]struct {
		followers       []raft.Progress
		snapshotEntries core.Index
		want            core.Index
	}{
		"nobody is behind":              {[]raft.Progress{{Match: 1000}, {Match: 960}}, 0, 950},
		"one is slow":                   {[]raft.Progress{{Match: 1000}, {Match: 600}}, 0, 600},
		"one is too slow":               {[]raft.Progress{{Match: 1000}, {Match: 500}}, 0, 950},
		"but the state is large":        {[]raft.Progress{{Match: 1000}, {Match: 500}}, 500, 500},
		"one is being sent a snapshot":  {[]raft.Progress{{Match: 0, PendingSnapshot: 700}}, 0, 700},
		"one is gone, and one is slow":  {[]raft.Progress{{Match: 0}, {Match: 800}}, 0, 800},
		"two are slow, one of them too": {[]raft.Progress{{Match: 400}, {Match: 900}}, 0, 900},
	} {
		if got := keepTail(1000, 100, c.snapshotEntries, c.followers); got != c.want {
			t.Errorf("%s: the log goes through %d, want %d", name, got, c.want)
		}
	}
	if got := keepTail(20, 100, 0, nil); got != 0 {
		t.Errorf("a snapshot through 20, and %d goes", got)
	}
}
