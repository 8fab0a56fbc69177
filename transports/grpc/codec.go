package grpc

import (
	"sync/atomic"

	codecs "google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"
)

// codec is grpc-go's protobuf codec that lets through what is encoded already.
// A sender has to know when the memory of a request is no longer looked at, and
// SendMsg, which encodes and then waits for flow control, would tell it too
// late. (grpc.PreparedMsg serves the same end with a copy more.)
type codec struct {
	malformed *atomic.Uint64 // counts what could not be decoded
}

// frame is an encoded message.
type frame struct {
	data mem.BufferSlice
}

// encode encodes m into memory of pool, to which SendMsg gives it back.
func (f *frame) encode(m proto.Message, pool mem.BufferPool) error {
	size := proto.Size(m)
	options := proto.MarshalOptions{UseCachedSize: true}
	if mem.IsBelowBufferPoolingThreshold(size) {
		b, err := options.Marshal(m)
		f.data = mem.BufferSlice{mem.SliceBuffer(b)}
		return err
	}
	b := pool.Get(size)
	if _, err := options.MarshalAppend((*b)[:0], m); err != nil {
		pool.Put(b)
		return err
	}
	f.data = mem.BufferSlice{mem.NewBuffer(b, pool)}
	return nil
}

// newPool makes a pool of buffers. grpc-go's own goes from 32 KiB to 1 MiB in one
// step: a queue of 4 MiB in messages of 64 KiB would hold 64 MiB.
func newPool() mem.BufferPool {
	return mem.NewTieredBufferPool(4<<10, 16<<10, 32<<10, 64<<10, 68<<10, 128<<10, 256<<10, 512<<10, 1<<20)
}

// Name implements encoding.CodecV2.
func (codec) Name() string { return protocodec.Name }

// Marshal implements encoding.CodecV2.
func (codec) Marshal(v any) (mem.BufferSlice, error) {
	if f, ok := v.(*frame); ok {
		return f.data, nil
	}
	return codecs.GetCodecV2(protocodec.Name).Marshal(v)
}

// Unmarshal implements encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	err := codecs.GetCodecV2(protocodec.Name).Unmarshal(data, v)
	if err != nil {
		c.malformed.Add(1)
	}
	return err
}
