package netrpc

import (
	"bytes"
	"encoding/gob"
	"fmt"

	"github.com/raftbench/raftbench/core"
)

// Encoding is what this transport makes of messages, without the transport and
// without net/rpc's header: gob. It has one user at a time.
//
// Gob describes a type before the first value of it. On a connection that happens
// once: a warm Encoding is such a connection, so the bytes of its first message
// of each type cannot be decoded twice, and those of later ones only after the
// first. A cold Encoding describes the type in every message, as code does that
// makes a new encoder for each.
type Encoding struct {
	cold bool

	out, in bytes.Buffer
	enc     *gob.Encoder
	dec     *gob.Decoder

	args    map[core.Kind]args
	replies map[core.Kind]reply
	arena   []byte
}

// NewEncoding returns an encoding that has described nothing yet.
func NewEncoding(cold bool) *Encoding {
	e := &Encoding{cold: cold, args: map[core.Kind]args{}, replies: map[core.Kind]reply{}}
	e.enc, e.dec = gob.NewEncoder(&e.out), gob.NewDecoder(&e.in)
	return e
}

// EncodeRequest appends a request to buf.
func (e *Encoding) EncodeRequest(buf []byte, r core.Request) ([]byte, error) {
	a, err := e.argsOf(r.Kind())
	if err != nil {
		return nil, err
	}
	e.arena = a.load(r, e.arena[:0])
	return e.encode(buf, a)
}

// DecodeRequest fills a request of the kind that was encoded. It points into
// memory that the next DecodeRequest uses again.
func (e *Encoding) DecodeRequest(body []byte, into core.Request) error {
	// As in net/rpc, which makes new args for every request: gob leaves alone what
	// was not sent.
	m := methodOf(into.Kind())
	if m.name == "" {
		return fmt.Errorf("no such request: %v", into.Kind())
	}
	a := m.newArgs()
	if err := e.decode(body, a); err != nil {
		return err
	}
	a.store(into)
	return nil
}

// EncodeResponse appends a response to buf.
func (e *Encoding) EncodeResponse(buf []byte, r core.Response) ([]byte, error) {
	a, err := e.replyOf(r.Kind())
	if err != nil {
		return nil, err
	}
	a.load(r)
	return e.encode(buf, a)
}

// DecodeResponse fills a response of the kind that was encoded.
func (e *Encoding) DecodeResponse(body []byte, into core.Response) error {
	a, err := e.replyOf(into.Kind())
	if err != nil {
		return err
	}
	a.reset()
	if err := e.decode(body, a); err != nil {
		return err
	}
	into.Reset()
	a.store(into)
	return nil
}

func (e *Encoding) encode(buf []byte, value any) ([]byte, error) {
	e.out.Reset()
	if e.cold {
		e.enc = gob.NewEncoder(&e.out)
	}
	if err := e.enc.Encode(value); err != nil {
		return nil, fmt.Errorf("gob: %w", err)
	}
	return append(buf, e.out.Bytes()...), nil
}

func (e *Encoding) decode(body []byte, value any) error {
	e.in.Reset()
	e.in.Write(body)
	if e.cold {
		e.dec = gob.NewDecoder(&e.in)
	}
	if err := e.dec.Decode(value); err != nil {
		return fmt.Errorf("gob: %w", err)
	}
	return nil
}

func (e *Encoding) argsOf(kind core.Kind) (args, error) {
	if e.args[kind] == nil {
		m := methodOf(kind)
		if m.name == "" {
			return nil, fmt.Errorf("no such request: %v", kind)
		}
		e.args[kind] = m.newArgs()
	}
	return e.args[kind], nil
}

func (e *Encoding) replyOf(kind core.Kind) (reply, error) {
	if e.replies[kind] == nil {
		m := methodOf(kind)
		if m.name == "" {
			return nil, fmt.Errorf("no such response: %v", kind)
		}
		e.replies[kind] = m.newReply()
	}
	return e.replies[kind], nil
}
