package grpc

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/grpc/raftpb"
)

// Encoding is what this transport makes of messages, without the transport: the
// messages of raftpb in protobuf, with the same reuse of memory as on the wire.
// It has one user at a time.
type Encoding struct {
	requests  requestEncoder
	responses responseEncoder
}

// EncodeRequest appends a request to buf.
func (e *Encoding) EncodeRequest(buf []byte, r core.Request) ([]byte, error) {
	m := e.requests.requests.next()
	e.requests.put(m, r)
	buf, err := proto.MarshalOptions{}.MarshalAppend(buf, m)
	e.requests.forget()
	return buf, err
}

// DecodeRequest fills a request of the kind that was encoded. It may point into
// memory of its own, and never into body.
func (e *Encoding) DecodeRequest(body []byte, into core.Request) error {
	var m raftpb.Request
	if err := proto.Unmarshal(body, &m); err != nil {
		return fmt.Errorf("%w: %w", errMalformed, err)
	}
	inner := innerRequest(&m)
	if requestKind(inner) != into.Kind() {
		return fmt.Errorf("%w: not a %v", errMalformed, into.Kind())
	}
	return decodeRequest(into, inner)
}

// EncodeResponse appends a response to buf.
func (e *Encoding) EncodeResponse(buf []byte, r core.Response) ([]byte, error) {
	m := e.responses.responses.next()
	e.responses.put(m, r)
	buf, err := proto.MarshalOptions{}.MarshalAppend(buf, m)
	e.responses.forget()
	return buf, err
}

// DecodeResponse fills a response of the kind that was encoded.
func (e *Encoding) DecodeResponse(body []byte, into core.Response) error {
	var m raftpb.Response
	if err := proto.Unmarshal(body, &m); err != nil {
		return fmt.Errorf("%w: %w", errMalformed, err)
	}
	into.Reset()
	return decodeAnswer(into, &m)
}
