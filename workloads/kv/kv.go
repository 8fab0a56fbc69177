// Package kv is the state machine that raftbench replicates: a map from byte
// strings to byte strings with put and get, and Null, which applies nothing,
// for the price of replication alone.
//
// It is not a database: there is no delete, no scan and no version, because
// nothing that is measured needs them. The same commands in the same order give
// the same state, the same results and the same snapshot bytes on every node.
//
// A Machine has one user at a time and starts no goroutine. Another goroutine may
// write a capture of it meanwhile.
package kv

import (
	"crypto/sha256"
	"io"

	"github.com/raftbench/raftbench/core"
)

// DefaultMaxKeys is how many keys a Machine holds unless told otherwise.
const DefaultMaxKeys = 1 << 22

// Machine is a key-value core.StateMachine.
//
// A value is overwritten in place, so a put to a key that exists allocates
// nothing unless the value outgrows its memory. Measured by BenchmarkApply
// (16 B values, random order, 2 shared cores): 58 ns a put over 10,000 keys,
// 126 ns over 100,000.
type Machine struct {
	maxKeys int
	items   map[string]*item
	order   []named // by their first put; it only grows, but for ReadSnapshot

	sorted   []named  // of the last capture
	capture  *capture // nil: none is held
	captures uint64   // that there have been
}

// item holds a value as the result of the get that finds it, status byte
// first, so that a get copies once. While a capture is held, its mu guards what
// changes. It is small on purpose: all items of three nodes compete for one cache.
type item struct {
	result   []byte
	captured uint64 // the newest capture that has the value, or is older than the item
}

// named is an item and its key.
type named struct {
	key string
	*item
}

var _ core.StateMachine = (*Machine)(nil)

// New returns an empty machine for at most maxKeys keys; zero means
// DefaultMaxKeys. All nodes of a cluster need the same bound, because a put that
// one refuses and another does not would make them differ.
func New(maxKeys int) *Machine {
	if maxKeys <= 0 {
		maxKeys = DefaultMaxKeys
	}
	return &Machine{maxKeys: maxKeys, items: map[string]*item{}}
}

// Apply implements core.StateMachine.
func (m *Machine) Apply(entries []core.Entry, results *core.Results) {
	if c := m.capture; c != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
	}
	for i := range entries {
		c, ok := ParseCommand(entries[i].Data)
		switch {
		case !ok:
			appendStatus(results, StatusMalformed)
		case c.Kind == KindPut:
			appendStatus(results, m.put(c.Key, c.Value))
		default:
			m.get(c.Key, results)
		}
	}
}

// Query implements core.StateMachine. The only query is a get.
func (m *Machine) Query(query []byte, results *core.Results) {
	c, ok := ParseCommand(query)
	if !ok || c.Kind != KindGet {
		appendStatus(results, StatusMalformed)
		return
	}
	m.get(c.Key, results)
}

// Len returns the number of keys.
func (m *Machine) Len() int { return len(m.items) }

// Sum is a digest of the whole state: equal sums mean equal states.
func (m *Machine) Sum() [sha256.Size]byte {
	h := sha256.New()
	if err := m.WriteSnapshot(h); err != nil {
		panic("kv: a hash refused a write: " + err.Error()) // hash.Hash never returns an error
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func (m *Machine) put(key, value []byte) Status {
	it := m.items[string(key)]
	if it == nil {
		if len(m.items) >= m.maxKeys {
			return StatusFull
		}
		it = &item{captured: m.captures}
		n := named{string(key), it}
		m.items[n.key] = it
		m.order = append(m.order, n)
	}
	if m.capture != nil {
		m.capture.keep(it)
	}
	it.result = append(append(it.result[:0], byte(StatusOK)), value...)
	return StatusOK
}

func (m *Machine) get(key []byte, results *core.Results) {
	it := m.items[string(key)]
	if it == nil {
		appendStatus(results, StatusNotFound)
		return
	}
	results.Append(it.result)
}

// appendStatus appends a result that is a status and nothing else.
func appendStatus(results *core.Results, s Status) {
	b := [1]byte{byte(s)}
	results.Append(b[:])
}

// Null is a core.StateMachine without a state: it answers every command and
// every query with StatusOK.
type Null struct{}

var _ core.StateMachine = Null{}

// Apply implements core.StateMachine.
func (Null) Apply(entries []core.Entry, results *core.Results) {
	for range entries {
		appendStatus(results, StatusOK)
	}
}

// Query implements core.StateMachine.
func (Null) Query(_ []byte, results *core.Results) { appendStatus(results, StatusOK) }

// WriteSnapshot implements core.StateMachine. There is nothing to write.
func (Null) WriteSnapshot(io.Writer) error { return nil }

// ReadSnapshot implements core.StateMachine. There is nothing to read.
func (Null) ReadSnapshot(io.Reader) error { return nil }
