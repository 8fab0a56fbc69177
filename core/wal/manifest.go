package wal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/raftbench/raftbench/core"
)

// manifest is the first manifestBytes of a snapshot's file; the content follows. It is
// written when the content is known, and the file gets its name when all of it is
// durable.
//
//	0   checksum, CRC32C of the rest
//	4   "raftsnap"
//	12  version
//	16  cluster
//	24  node
//	32  index
//	40  term
//	48  size of the content in bytes
//	56  SHA-256 of the content
//	88  length of the configuration in bytes
//	92  configuration (core.SnapshotMeta.Config), and zeros
//	960 signature, or zeros
type manifest struct {
	Identity
	core.SnapshotManifest
}

const (
	// manifestBytes holds the configuration of core.MaxMembers members.
	manifestBytes  = 2 * sectorBytes
	signatureAt    = manifestBytes - len(core.Signature{})
	maxConfigBytes = signatureAt - 92

	snapshotMagic = "raftsnap"
)

func (m manifest) encode() []byte {
	s := make([]byte, manifestBytes)
	copy(s[4:], snapshotMagic)
	binary.LittleEndian.PutUint32(s[12:], version)
	for i, n := range []uint64{m.Cluster, uint64(m.Node), uint64(m.Meta.Index), uint64(m.Meta.Term), m.SizeBytes} {
		binary.LittleEndian.PutUint64(s[16+8*i:], n)
	}
	copy(s[56:], m.SHA256[:])
	binary.LittleEndian.PutUint32(s[88:], uint32(len(m.Meta.Config)))
	copy(s[92:signatureAt], m.Meta.Config)
	copy(s[signatureAt:], m.Signature[:])
	sealBlock(s)
	return s
}

// decodeManifest returns what the first manifestBytes say. An error matches ErrForeign if
// the version is another.
func decodeManifest(s []byte) (manifest, error) {
	if err := checkBlock(s, manifestBytes, snapshotMagic); err != nil {
		return manifest{}, err
	}
	configBytes := min(binary.LittleEndian.Uint32(s[88:]), uint32(maxConfigBytes)) // more is found below
	number := func(i int) uint64 { return binary.LittleEndian.Uint64(s[16+8*i:]) }
	m := manifest{
		Identity: Identity{number(0), core.NodeID(number(1))},
		SnapshotManifest: core.SnapshotManifest{
			Meta:      core.SnapshotMeta{Index: core.Index(number(2)), Term: core.Term(number(3)), Config: string(s[92 : 92+configBytes])},
			SizeBytes: number(4), SHA256: [sha256.Size]byte(s[56:]), Signature: core.Signature(s[signatureAt:]),
		},
	}
	if !bytes.Equal(m.encode(), s) || m.Meta.Index == 0 {
		return manifest{}, errors.New("the manifest has values that no log writes")
	}
	return m, nil
}

// baseName is the name of a snapshot's file without its suffix.
func baseName(m core.SnapshotMeta) string { return fmt.Sprintf("%020d-%020d", m.Index, m.Term) }

func snapshotName(m core.SnapshotMeta) string { return baseName(m) + snapshotSuffix }

// snapshotMeta is what the name of a snapshot says: all but its configuration.
func snapshotMeta(name string) (m core.SnapshotMeta, ok bool) {
	if !strings.HasSuffix(name, snapshotSuffix) {
		return m, false
	}
	_, err := fmt.Sscanf(name, "%d-%d", &m.Index, &m.Term)
	return m, err == nil && name == snapshotName(m)
}
