package client

import "github.com/raftbench/raftbench/core/batch"

// Batches returns how many calls were sent, and how many operations in them. It
// may be called at any time.
func (c *Client) Batches() (calls, ops uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range []*lane{&c.writes, &c.reads} {
		s := l.queue.Stats()
		calls += s.Batches()
		ops += s.Items.Sum()
	}
	return calls, ops
}

// BatchStats returns what the batches of reads and of writes were like, taken
// together: their items are operations. It may be called at any time.
func (c *Client) BatchStats() batch.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.batchStats()
}

func (c *Client) batchStats() batch.Stats {
	all := *c.writes.queue.Stats()
	all.Merge(c.reads.queue.Stats())
	return all
}

// Distributions returns how large and how deep things were since the client was
// opened, always in this order. It may be called at any time.
//
//   - client_batch_ops, client_batch_bytes, client_batch_wait_ns and
//     client_batch_linger_ns: BatchStats
//   - client_batches_in_flight: at each batch that left, how many of reads or of
//     writes were on their way, itself included; Config.Depth is its limit
func (c *Client) Distributions() []batch.Distribution {
	c.mu.Lock()
	defer c.mu.Unlock()
	stats, depths := c.batchStats(), c.writes.depths
	depths.Merge(&c.reads.depths)
	return append(stats.Distributions("client_batch", "ops"),
		batch.Distribution{Name: "client_batches_in_flight", Unit: "batches", Histogram: depths})
}
