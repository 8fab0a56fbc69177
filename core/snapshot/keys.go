package snapshot

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/raftbench/raftbench/core"
)

// signedPrefix keeps the signature of a snapshot from being one of anything else.
const signedPrefix = "raftbench snapshot\x00"

// message is what is signed: cluster, index, term, size, SHA-256 and configuration.
func (h *Header) message() []byte { return h.appendSigned([]byte(signedPrefix), core.Signature{}) }

// Signer signs the snapshots that a node takes. Nil signs nothing.
type Signer struct{ key ed25519.PrivateKey }

// Sign returns the signature of a snapshot.
func (s *Signer) Sign(cluster uint64, m core.SnapshotManifest) core.Signature {
	if s == nil {
		return core.Signature{}
	}
	h := Header{cluster, m}
	return core.Signature(ed25519.Sign(s.key, h.message()))
}

// Trust is the keys of those whose snapshots are taken. Nil demands no signature.
type Trust struct{ keys []ed25519.PublicKey }

// Verify checks the signature. The error matches ErrUnsigned or ErrSignature.
func (t *Trust) Verify(h *Header) error {
	if t == nil {
		return nil
	}
	if h.Signature == (core.Signature{}) {
		return ErrUnsigned
	}
	message := h.message()
	for _, key := range t.keys {
		if ed25519.Verify(key, message, h.Signature[:]) {
			return nil
		}
	}
	return ErrSignature
}

// maxKeyFileBytes is more than a file of keys has.
const maxKeyFileBytes = 1 << 20

// LoadSigner reads an Ed25519 private key, as made by
// "openssl genpkey -algorithm ed25519".
func LoadSigner(path string) (*Signer, error) {
	blocks, err := readPEM(path)
	if err != nil {
		return nil, err
	}
	if len(blocks) != 1 || blocks[0].Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s: want one PEM block PRIVATE KEY, as openssl genpkey -algorithm ed25519 makes it", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(blocks[0].Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: want a key of type ed25519, it has %T", path, key)
	}
	return &Signer{private}, nil
}

// LoadTrust reads Ed25519 public keys, one after the other, as made by
// "openssl pkey -in KEY -pubout".
func LoadTrust(path string) (*Trust, error) {
	blocks, err := readPEM(path)
	if err != nil {
		return nil, err
	}
	t := new(Trust)
	for _, b := range blocks {
		if b.Type != "PUBLIC KEY" {
			return nil, fmt.Errorf("%s: a PEM block %s: want PUBLIC KEY, as openssl pkey -pubout makes it", path, b.Type)
		}
		key, err := x509.ParsePKIXPublicKey(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		public, ok := key.(ed25519.PublicKey)
		if !ok {
			return nil, fmt.Errorf("%s: want keys of type ed25519, it has %T", path, key)
		}
		t.keys = append(t.keys, public)
	}
	return t, nil
}

// readPEM returns the blocks of a file, of which there is one at least.
func readPEM(path string) ([]*pem.Block, error) {
	info, err := os.Stat(path)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxKeyFileBytes) {
		return nil, fmt.Errorf("%s: want a file of keys in PEM form, of at most %d bytes", path, maxKeyFileBytes)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	var blocks []*pem.Block
	for b, rest := pem.Decode(data); b != nil; b, rest = pem.Decode(rest) {
		blocks = append(blocks, b)
	}
	switch begun := bytes.Count(data, []byte("-----BEGIN ")); {
	case begun != len(blocks): // which pem.Decode passes over without a word
		return nil, fmt.Errorf("%s: a PEM block is damaged: %d begin, and %d can be read", path, begun, len(blocks))
	case len(blocks) == 0:
		return nil, errors.New(path + ": no key in PEM form: want what openssl genpkey -algorithm ed25519 makes, or of it openssl pkey -pubout")
	}
	return blocks, nil
}

// cause is why a file operation failed; the path is said already.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
