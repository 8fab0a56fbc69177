package node

import (
	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/batch"
)

// meters counts what the loop does. The appends of a turn are gathered and
// recorded at its end, when the loop takes the lock of the status anyway, so that
// counting takes no lock and no atomic operation for each of them.
type meters struct {
	sent   []sentAppend // in this turn; the loop's
	flying []flying     // the loop's

	// status.mu guards what follows, and the stats of proposals.queue.

	proposed  uint64          // commands
	requests  batch.Histogram // taken up by a turn, of turns that took up any
	responses batch.Histogram
	queued    batch.Histogram // proposals, when the loop looks whether a batch has closed
	entries   batch.Histogram // in an AppendEntries that is not a heartbeat
	bytes     batch.Histogram // of those entries (core.EntriesSizeBytes)
	inFlight  batch.Histogram // such AppendEntries on their way to the follower to which one is sent, that one included
}

// sentAppend is an AppendEntries with entries that was sent.
type sentAppend struct{ entries, bytes, inFlight int }

// flying is the number of such AppendEntries on their way to a follower.
type flying struct {
	to    core.NodeID
	calls int
}

// to returns the count of a follower. Clusters are small: a search through a
// handful is quicker than a map.
func (m *meters) to(id core.NodeID) *int {
	for i := range m.flying {
		if m.flying[i].to == id {
			return &m.flying[i].calls
		}
	}
	m.flying = append(m.flying, flying{to: id})
	return &m.flying[len(m.flying)-1].calls
}

// append counts an AppendEntries that is sent.
func (m *meters) append(to core.NodeID, req *core.AppendEntriesRequest) {
	if len(req.Entries) == 0 {
		return
	}
	calls := m.to(to)
	*calls++
	m.sent = append(m.sent, sentAppend{len(req.Entries), core.EntriesSizeBytes(req.Entries), *calls})
}

// ended counts an AppendEntries that has ended.
func (m *meters) ended(to core.NodeID, req core.Request) {
	if r, ok := req.(*core.AppendEntriesRequest); ok && len(r.Entries) > 0 {
		*m.to(to)--
	}
}

// turn records a turn of the loop that took up so much. status.mu is held.
func (m *meters) turn(requests, responses int) {
	if requests > 0 {
		m.requests.Record(int64(requests))
	}
	if responses > 0 {
		m.responses.Record(int64(responses))
	}
	for _, s := range m.sent {
		m.entries.Record(int64(s.entries))
		m.bytes.Record(int64(s.bytes))
		m.inFlight.Record(int64(s.inFlight))
	}
	m.sent = m.sent[:0]
}

// Distributions returns how large and how deep things were since the node was
// started, always in this order. It may be called at any time.
//
//   - propose_batch_requests, propose_batch_bytes, propose_batch_wait_ns and
//     propose_batch_linger_ns: BatchStats
//   - append_entries_per_message and append_bytes_per_message: of each
//     AppendEntries sent with entries, how many, and their core.EntriesSizeBytes
//   - appends_in_flight: at each of them, how many were on their way to that
//     follower, itself included
//   - node_turn_requests and node_turn_responses: what a turn of the loop found
//     in the inbox; turns that found none are not counted
//   - node_proposals_queued: the Propose requests in the queue each time that the
//     loop looked there for a batch and it was not empty
func (n *Node) Distributions() []batch.Distribution {
	n.status.mu.Lock()
	defer n.status.mu.Unlock()
	m := &n.meters
	return append(n.proposed.queue.Stats().Distributions("propose_batch", "requests"),
		batch.Distribution{Name: "append_entries_per_message", Unit: "entries", Histogram: m.entries},
		batch.Distribution{Name: "append_bytes_per_message", Unit: "bytes", Histogram: m.bytes},
		batch.Distribution{Name: "appends_in_flight", Unit: "appends", Histogram: m.inFlight},
		batch.Distribution{Name: "node_turn_requests", Unit: "requests", Histogram: m.requests},
		batch.Distribution{Name: "node_turn_responses", Unit: "responses", Histogram: m.responses},
		batch.Distribution{Name: "node_proposals_queued", Unit: "requests", Histogram: m.queued},
	)
}

// BatchStats returns what the batches of proposals were like since the node was
// started: their items are Propose requests. It may be called at any time.
func (n *Node) BatchStats() batch.Stats {
	n.status.mu.Lock()
	defer n.status.mu.Unlock()
	return *n.proposed.queue.Stats()
}
