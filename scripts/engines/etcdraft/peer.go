package etcdraft

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"go.etcd.io/raft/v3/raftpb"
)

// peer is a connection to another node, for what this one sends. The loop writes to it.
type peer struct {
	address string
	conn    net.Conn // nil: not connected
	pending []byte   // frames of this turn: the length in 4 bytes, and a message
	again   time.Time
}

// redial is the pause after a connection was refused.
const redial = 20 * time.Millisecond

// send sends messages, with one write to each peer. What cannot be sent is dropped, as
// the library expects.
func (n *Node) send(messages []raftpb.Message) {
	for i := range messages {
		if p := n.peers[messages[i].To]; p != nil && !isSuperseded(messages, i) {
			p.add(&messages[i])
		}
	}
	for id, p := range n.peers {
		if len(p.pending) > 0 && p.flush() != nil {
			n.raw.ReportUnreachable(id)
		}
	}
}

// isSuperseded reports whether a later acknowledgement to the same node says all that
// this one does.
func isSuperseded(messages []raftpb.Message, i int) bool {
	m := &messages[i]
	if m.Type != raftpb.MsgAppResp || m.Reject {
		return false
	}
	for k := i + 1; k < len(messages); k++ {
		if later := &messages[k]; later.Type == raftpb.MsgAppResp && later.To == m.To && !later.Reject && later.Index >= m.Index {
			return true
		}
	}
	return false
}

func (p *peer) add(m *raftpb.Message) {
	size := m.Size()
	p.pending = binary.LittleEndian.AppendUint32(p.pending, uint32(size))
	at := len(p.pending)
	p.pending = append(p.pending, make([]byte, size)...)
	if _, err := m.MarshalTo(p.pending[at:]); err != nil {
		panic(fmt.Sprintf("etcdraft: encode %v: %v", m.Type, err))
	}
}

// flush writes what is pending.
func (p *peer) flush() error {
	defer func() { p.pending = p.pending[:0] }()
	if p.conn == nil {
		if time.Now().Before(p.again) {
			return net.ErrClosed
		}
		conn, err := net.DialTimeout("tcp", p.address, redial)
		if err != nil {
			p.again = time.Now().Add(redial)
			return err
		}
		p.conn = conn
	}
	_, err := p.conn.Write(p.pending)
	if err != nil {
		p.close()
	}
	return err
}

func (p *peer) close() {
	if p.conn != nil {
		p.conn.Close()
		p.conn = nil
	}
}

const (
	readBufferBytes = 256 << 10
	maxMessageBytes = 64 << 20
)

// errTooLarge: a frame says that it is longer than any message.
var errTooLarge = errors.New("etcdraft: message too large")

// receive reads messages from a connection until it ends. What one read brought is
// given to the loop together.
func (n *Node) receive(conn net.Conn) {
	r := bufio.NewReaderSize(conn, readBufferBytes)
	var batch []raftpb.Message
	var body []byte
	for {
		var m raftpb.Message
		var err error
		if body, err = readFrame(r, body); err != nil || m.Unmarshal(body) != nil {
			return
		}
		batch = append(batch, m)
		if !holdsFrame(r) {
			n.inbox.step(batch)
			batch = batch[:0]
		}
	}
}

func readFrame(r *bufio.Reader, body []byte) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return body, err
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size > maxMessageBytes {
		return body, errTooLarge
	}
	if int(size) > cap(body) {
		body = make([]byte, size)
	}
	_, err := io.ReadFull(r, body[:size])
	return body[:size], err
}

// holdsFrame reports whether the next frame is in the buffer, whole.
func holdsFrame(r *bufio.Reader) bool {
	head, err := r.Peek(min(4, r.Buffered()))
	return err == nil && len(head) == 4 && r.Buffered() >= 4+int(binary.LittleEndian.Uint32(head))
}

// connections are those that were accepted.
type connections struct {
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
}

// accept serves each connection by a goroutine.
func (c *connections) accept(listener net.Listener, serve func(net.Conn)) {
	c.listener, c.open = listener, map[net.Conn]bool{}
	c.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.running.Go(func() {
				if c.add(conn) {
					serve(conn)
				}
				c.remove(conn)
			})
		}
	})
}

func (c *connections) add(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[conn] = true
	return !c.closed
}

func (c *connections) remove(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	conn.Close()
	delete(c.open, conn)
}

func (c *connections) close() {
	c.mu.Lock()
	c.closed = true
	c.listener.Close()
	for conn := range c.open {
		conn.Close()
	}
	c.mu.Unlock()
	c.running.Wait()
}
