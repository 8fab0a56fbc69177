package core

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"io"
)

// SnapshotManifest says what a snapshot is, so that whoever gets it can tell whether
// it is whole and, if it is signed, who vouches for it.
type SnapshotManifest struct {
	Meta      SnapshotMeta
	SizeBytes uint64            // of the content
	SHA256    [sha256.Size]byte // of the content

	// Signature is by whoever took the snapshot (core/snapshot says of what). Zero:
	// it is not signed.
	Signature Signature
}

// Signature is an Ed25519 signature. No message has the zero one.
type Signature [ed25519.SignatureSize]byte

// SnapshotWriter is a snapshot on its way into a storage. It has one user at a time,
// who ends it in one of three ways: Finish and Storage.AdoptSnapshot, SetAside, or
// Abort.
type SnapshotWriter interface {
	// Write appends to the content. It may wait for the disk.
	io.Writer

	// Finish makes durable what was written. seal is given its manifest and returns
	// the signature that goes with it, or an error, with which Finish then ends: the
	// snapshot is not finished, and is to be set aside or aborted. A snapshot that
	// is finished may be found by the next start even if it was not adopted.
	Finish(seal func(SnapshotManifest) (Signature, error)) error

	// SetAside keeps what was written for people to look at, under a name that says
	// that it was refused, with what it claimed to be. A storage keeps a few such at
	// most; one in memory keeps none.
	SetAside(claimed SnapshotManifest) error

	// Abort forgets what was written. After Finish it is for the storage's user to
	// call.
	Abort() error
}

// Unsigned is the seal of a snapshot that is not signed.
func Unsigned(SnapshotManifest) (Signature, error) { return Signature{}, nil }

// SaveSnapshot writes and adopts a snapshot in one go, for those who can wait. If
// write fails, nothing has changed.
func SaveSnapshot(s Storage, meta SnapshotMeta, write func(io.Writer) error) error {
	w, err := s.NewSnapshot(meta)
	if err != nil {
		return err
	}
	err = write(w)
	if err == nil {
		err = w.Finish(Unsigned)
	}
	if err != nil {
		return errors.Join(err, w.Abort())
	}
	return s.AdoptSnapshot(w)
}
