// Package codecs is the table of encodings: what the transports make of the
// messages of package core, and JSON for comparison, each without a transport. It
// exists to be measured (raftbench codec); no transport uses it.
//
// It starts no goroutine.
package codecs

import (
	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/grpc"
	"github.com/raftbench/raftbench/transports/netrpc"
	"github.com/raftbench/raftbench/transports/wire"
)

// Codec encodes and decodes messages. It has one user at a time.
type Codec interface {
	// EncodeRequest and EncodeResponse append a message to buf, which may be nil.
	EncodeRequest(buf []byte, r core.Request) ([]byte, error)
	EncodeResponse(buf []byte, r core.Response) ([]byte, error)

	// DecodeRequest and DecodeResponse fill a message of the kind that was
	// encoded. A request may point into body, and into memory that the next call
	// uses again; a response is a copy, as core.Call wants it.
	DecodeRequest(body []byte, into core.Request) error
	DecodeResponse(body []byte, into core.Response) error
}

// Named is one row of the table.
type Named struct {
	Name    string // as on the command line
	Summary string
	New     func() Codec
}

// All lists the codecs.
func All() []Named {
	return []Named{
		{"wire", "the binary format of rawtcp and http: fixed width, little-endian", func() Codec { return wireCodec{} }},
		{"protobuf", "what grpc sends: generated code of google.golang.org/protobuf", func() Codec { return new(grpc.Encoding) }},
		{"gob-warm", "what netrpc sends: one encoder and decoder for a connection", func() Codec { return netrpc.NewEncoding(false) }},
		{"gob-cold", "gob with a new encoder and decoder for each message", func() Codec { return netrpc.NewEncoding(true) }},
		{"json", "encoding/json, byte strings in base64", func() Codec { return jsonCodec{} }},
	}
}

// wireCodec is transports/wire.
type wireCodec struct{}

func (wireCodec) EncodeRequest(buf []byte, r core.Request) ([]byte, error) {
	return wire.AppendRequest(buf, r), nil
}

func (wireCodec) EncodeResponse(buf []byte, r core.Response) ([]byte, error) {
	return wire.AppendResponse(buf, r), nil
}

func (wireCodec) DecodeRequest(body []byte, into core.Request) error {
	return wire.DecodeRequest(into.Kind(), body, into)
}

func (wireCodec) DecodeResponse(body []byte, into core.Response) error {
	return wire.DecodeResponse(into.Kind(), body, into)
}
