package experiment

import (
	"errors"
	"fmt"
	"sync"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/node"
	"github.com/raftbench/raftbench/core/snapshot"
)

// Snapshots say when nodes take snapshots, how fast they move, and whose are taken.
type Snapshots struct {
	// Entries and Bytes applied since the last one, whichever comes first;
	// node.SnapshotConfig says what zero means.
	Entries, Bytes int

	// BytesPerSecond bounds how fast a node writes and sends them. Zero: the default
	// of node.SnapshotConfig; negative: no bound.
	BytesPerSecond int

	// SignKey and Trust are files of Ed25519 keys in PEM form: the private one that
	// the nodes sign with, and the public ones of those whose snapshots they take.
	// Empty: snapshots are not signed, and anybody's are taken.
	SignKey, Trust string
}

// The bounds of Snapshots. An interval of a few entries would measure nothing else.
const (
	minSnapshotEntries = 100
	maxSnapshotEntries = 1 << 30
	minSnapshotBytes   = 16 << 10
	maxSnapshotBytes   = 1 << 40
	minSnapshotRate    = 64 << 10
)

func (s *Settings) validateSnapshots() error {
	o := &s.Snapshots
	switch {
	case o.Entries != 0 && (o.Entries < minSnapshotEntries || o.Entries > maxSnapshotEntries):
		return fmt.Errorf("--snapshot.entries %d: want %d to %d, or 0 to leave it to the size of the state", o.Entries, minSnapshotEntries, maxSnapshotEntries)
	case o.Bytes != 0 && (o.Bytes < minSnapshotBytes || o.Bytes > maxSnapshotBytes):
		return fmt.Errorf("--snapshot.bytes %s: want %s to %s, or 0 to leave it to the size of the state", core.FormatSize(o.Bytes), core.FormatSize(minSnapshotBytes), core.FormatSize(maxSnapshotBytes))
	case o.BytesPerSecond > 0 && o.BytesPerSecond < minSnapshotRate:
		return fmt.Errorf("--snapshot.rate %s: want at least %s a second, or off for no bound", core.FormatSize(o.BytesPerSecond), core.FormatSize(minSnapshotRate))
	}
	_, err := o.config()
	return err
}

// config reads the keys.
func (o *Snapshots) config() (node.SnapshotConfig, error) {
	c := node.SnapshotConfig{Entries: o.Entries, Bytes: o.Bytes, BytesPerSecond: o.BytesPerSecond}
	var err error
	if o.SignKey != "" {
		if c.Signer, err = snapshot.LoadSigner(o.SignKey); err != nil {
			return c, fmt.Errorf("--snapshot.sign-key %w", err)
		}
	}
	if o.Trust == "" {
		return c, nil
	}
	if c.Trust, err = snapshot.LoadTrust(o.Trust); err != nil {
		return c, fmt.Errorf("--snapshot.trust %w", err)
	}
	return c, o.checkTrust(&c)
}

// checkTrust finds out beforehand that the nodes would not take each other's snapshots.
func (o *Snapshots) checkTrust(c *node.SnapshotConfig) error {
	var h snapshot.Header
	h.Signature = c.Signer.Sign(h.Cluster, h.SnapshotManifest)
	switch err := c.Trust.Verify(&h); {
	case errors.Is(err, snapshot.ErrUnsigned):
		return fmt.Errorf("--snapshot.trust %s: nobody signs: want --snapshot.sign-key with it", o.Trust)
	case err != nil:
		return fmt.Errorf("--snapshot.trust %s: it does not have the public key of --snapshot.sign-key %s: no node would take another's snapshot", o.Trust, o.SignKey)
	}
	return nil
}

// notes are what the nodes of a cluster warned of, each once.
type notes struct {
	mu   sync.Mutex
	list []string
}

// maxNotes bounds what is kept.
const maxNotes = 20

// add is the nodes' OnWarning.
func (n *notes) add(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.list) < maxNotes {
		n.list = append(n.list, text)
	}
}

// all returns them, and may be called on nil.
func (n *notes) all() []string {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.list...)
}
