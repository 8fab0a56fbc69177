package raftlab

import (
	"bytes"
	"encoding/gob"
	"fmt"
)

// Codec makes bytes of the service's commands, and commands of bytes.
type Codec interface {
	Encode(command any) ([]byte, error)
	Decode(data []byte) (any, error)
}

// Gob is a Codec for what encoding/gob knows: numbers, strings, and types that
// were registered with it.
type Gob struct{}

// Encode implements Codec.
func (Gob) Encode(command any) ([]byte, error) {
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(&command); err != nil {
		return nil, fmt.Errorf("raftlab: encode a command of type %T: %w", command, err)
	}
	return buf.Bytes(), nil
}

// Decode implements Codec.
func (Gob) Decode(data []byte) (any, error) {
	var command any
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&command); err != nil {
		return nil, fmt.Errorf("raftlab: decode a command of %d bytes: %w", len(data), err)
	}
	return command, nil
}
