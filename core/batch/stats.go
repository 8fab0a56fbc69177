package batch

import "time"

// Stats is what the batches of a queue were like. It tells whether a policy does
// what it was chosen for: the reasons say which limit closes batches, and
// LingerNs beside Linger what became of a time that was asked for (a timer on an
// idle machine is good to about a millisecond).
type Stats struct {
	Closed [NumReasons]uint64 // batches, by the Reason for which they closed

	Items  Histogram // in a batch
	Bytes  Histogram // in a batch, as Push was told
	WaitNs Histogram // from the batch's first item to its close, in nanoseconds

	Linger   time.Duration // Config.Linger: what was asked for
	LingerNs Histogram     // WaitNs of the batches that closed because it had passed
}

func (s *Stats) add(reason Reason, items, bytes int, wait time.Duration) {
	s.Closed[reason]++
	s.Items.Record(int64(items))
	s.Bytes.Record(int64(bytes))
	s.WaitNs.Record(int64(wait))
	if reason == Expired {
		s.LingerNs.Record(int64(wait))
	}
}

// Batches is the number of batches.
func (s *Stats) Batches() uint64 {
	n := uint64(0)
	for _, c := range s.Closed {
		n += c
	}
	return n
}

// Reasons returns how many batches closed for each reason, by its name; reasons
// for which none did are left out.
func (s *Stats) Reasons() map[string]uint64 {
	reasons := map[string]uint64{}
	for r, n := range s.Closed {
		if n > 0 {
			reasons[Reason(r).String()] = n
		}
	}
	return reasons
}

// Merge adds the stats of another queue, which lingers as long.
func (s *Stats) Merge(other *Stats) {
	for r, n := range other.Closed {
		s.Closed[r] += n
	}
	s.Items.Merge(&other.Items)
	s.Bytes.Merge(&other.Bytes)
	s.WaitNs.Merge(&other.WaitNs)
	s.Linger = other.Linger
	s.LingerNs.Merge(&other.LingerNs)
}

// Distributions names the histograms: prefix_items, prefix_bytes, prefix_wait_ns
// and prefix_linger_ns, where items is what the items are called.
func (s *Stats) Distributions(prefix, items string) []Distribution {
	return []Distribution{
		{prefix + "_" + items, items, s.Items},
		{prefix + "_bytes", "bytes", s.Bytes},
		{prefix + "_wait_ns", "ns", s.WaitNs},
		{prefix + "_linger_ns", "ns", s.LingerNs},
	}
}
