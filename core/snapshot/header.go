// Package snapshot is the form in which a snapshot travels from one node to another,
// and what a node asks of one before it takes it: that it is of its cluster, whole,
// and, where that is demanded, signed by a key that it trusts.
//
// A snapshot travels as a header and its content. The header alone says whether the
// rest is wanted: it is read, and its signature verified, before a byte of content is
// sent. This package moves nothing and starts no goroutine; core/node does the one,
// core/memlog and core/wal keep snapshots.
package snapshot

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/raftbench/raftbench/core"
)

// Header is what travels before the content.
//
//	0   "raftship"
//	8   version, 4 bytes
//	12  cluster
//	20  index
//	28  term
//	36  size of the content in bytes
//	44  SHA-256 of the content
//	76  signature, or zeros
//	140 length of the configuration in bytes, 4 bytes
//	144 configuration (core.SnapshotMeta.Config)
//	    checksum, CRC32C of all that came before
//
// Numbers are little-endian.
type Header struct {
	Cluster uint64
	core.SnapshotManifest
}

const (
	headerMagic   = "raftship"
	headerVersion = 1
	configAt      = 144
	checksumBytes = 4

	// maxConfigBytes is far more than the configuration of core.MaxMembers takes.
	maxConfigBytes = 4096

	// maxContentBytes is more than a state can have, so that sums of sizes cannot
	// overflow.
	maxContentBytes = 1 << 48
)

var (
	// ErrHeader: it is not the header of a snapshot, or a bit of it has changed.
	ErrHeader = errors.New("not the header of a snapshot")
	// ErrCluster: the snapshot is of another cluster.
	ErrCluster = errors.New("the snapshot is of another cluster")
	// ErrContent: what has arrived is not what the header says.
	ErrContent = errors.New("the content is not what the header says")
	// ErrUnsigned: a signature is demanded, and there is none.
	ErrUnsigned = errors.New("the snapshot is not signed")
	// ErrSignature: the signature is wrong, or by nobody who is trusted.
	ErrSignature = errors.New("the signature is by no key that is trusted")
)

// Append appends the encoding of h.
func (h *Header) Append(dst []byte) []byte {
	start := len(dst)
	dst = h.appendSigned(append(dst, headerMagic...), h.Signature)
	sum := crc32.Checksum(dst[start:], crc32.MakeTable(crc32.Castagnoli))
	return binary.LittleEndian.AppendUint32(dst, sum)
}

// appendSigned appends what a signature is of, when the signature itself is zero.
func (h *Header) appendSigned(dst []byte, s core.Signature) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, headerVersion)
	for _, n := range []uint64{h.Cluster, uint64(h.Meta.Index), uint64(h.Meta.Term), h.SizeBytes} {
		dst = binary.LittleEndian.AppendUint64(dst, n)
	}
	dst = append(append(dst, h.SHA256[:]...), s[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(h.Meta.Config)))
	return append(dst, h.Meta.Config...)
}

// DecodeHeader returns what b says, which Append has made. The error matches
// ErrHeader.
func DecodeHeader(b []byte) (Header, error) {
	end := len(b) - checksumBytes
	if end < configAt || end > configAt+maxConfigBytes || string(b[:len(headerMagic)]) != headerMagic {
		return Header{}, fmt.Errorf("%w: %d bytes", ErrHeader, len(b))
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != headerVersion {
		return Header{}, fmt.Errorf("%w: version %d, this program knows %d", ErrHeader, v, headerVersion)
	}
	sum := crc32.Checksum(b[:end], crc32.MakeTable(crc32.Castagnoli))
	if sum != binary.LittleEndian.Uint32(b[end:]) || int(binary.LittleEndian.Uint32(b[140:])) != end-configAt {
		return Header{}, fmt.Errorf("%w: its checksum is wrong", ErrHeader)
	}
	number := func(i int) uint64 { return binary.LittleEndian.Uint64(b[12+8*i:]) }
	h := Header{number(0), core.SnapshotManifest{
		Meta:      core.SnapshotMeta{Index: core.Index(number(1)), Term: core.Term(number(2)), Config: string(b[configAt:end])},
		SizeBytes: number(3), SHA256: [sha256.Size]byte(b[44:]), Signature: core.Signature(b[76:]),
	}}
	if h.SizeBytes > maxContentBytes {
		return Header{}, fmt.Errorf("%w: %d bytes of content", ErrHeader, h.SizeBytes)
	}
	return h, nil
}

// CheckContent compares what has arrived with what the header says. The error matches
// ErrContent.
func (h *Header) CheckContent(arrived core.SnapshotManifest) error {
	switch {
	case arrived.SizeBytes != h.SizeBytes:
		return fmt.Errorf("%w: %d bytes, it says %d", ErrContent, arrived.SizeBytes, h.SizeBytes)
	case arrived.SHA256 != h.SHA256:
		return fmt.Errorf("%w: its SHA-256 is another", ErrContent)
	}
	return nil
}
