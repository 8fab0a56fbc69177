package grpc

import (
	"errors"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/dial"
	"github.com/raftbench/raftbench/transports/unary"
)

// pool is the connections to one peer.
type pool struct {
	control *conn // of votes and heartbeats; nil: they use bulk
	bulk    *dial.Pool[*conn]
}

// newConns makes the connections to one peer. They dial when they are first used.
func newConns(c config, ep *core.Endpoint, to core.NodeID, n *unary.Counters) (*pool, error) {
	p := new(pool)
	var bulk []*conn
	var err error
	for range c.conns {
		one, failed := connect(c, ep, to, n)
		if err = failed; err != nil {
			break
		}
		bulk = append(bulk, one)
	}
	p.bulk = dial.NewPool(bulk...)
	if err == nil && c.control {
		p.control, err = connect(c, ep, to, n)
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

// of returns the connections that requests of a class may use.
func (p *pool) of(class core.Class) []*conn {
	if class == core.ClassControl && p.control != nil {
		return []*conn{p.control}
	}
	return p.bulk.Members()
}

// pick returns the connection for the next request of a class.
func (p *pool) pick(class core.Class) *conn {
	if class == core.ClassControl && p.control != nil {
		return p.control
	}
	return p.bulk.Pick()
}

func (p *pool) close() (err error) {
	if p.control != nil {
		err = p.control.Close()
	}
	for _, c := range p.bulk.Members() {
		err = errors.Join(err, c.Close())
	}
	return err
}
