package wal

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// simDisk is a file system in memory that knows what is durable: what of a file was
// synced, in sectors of 512 bytes, and which names of a directory were. It can lose
// power at any call, and fail any of them.
type simDisk struct {
	mu       sync.Mutex
	names    map[string]*simInode // as programs see them
	stable   map[string]*simInode // as after a loss of power
	renaming []nameChange         // that no SyncDir has made durable, in order
	locked   map[string]bool

	calls   int
	offAt   int                            // the call with which the power goes; zero: never
	fails   func(call int, op string) bool // nil: none
	blocked chan struct{}                  // if not nil, Sync of a segment waits for it
}

// nameChange changes the names in a directory.
type nameChange struct {
	dir   string
	apply func(map[string]*simInode)
}

// simInode is a file, or a directory.
type simInode struct {
	isDir  bool
	data   []byte // as programs see it
	stable []byte
	dirty  map[int]bool // sectors that differ
}

var (
	errPower = errors.New("power lost")
	errSim   = fmt.Errorf("injected: %w", syscall.EIO)
)

func newSimDisk() *simDisk {
	return &simDisk{names: map[string]*simInode{}, stable: map[string]*simInode{}, locked: map[string]bool{}}
}

// call counts a call, and says how it fails.
func (d *simDisk) call(op string) error {
	d.calls++
	switch {
	case d.offAt > 0 && d.calls >= d.offAt:
		return errPower
	case d.fails != nil && d.fails(d.calls, op):
		return errSim
	}
	return nil
}

// count is the number of calls so far.
func (d *simDisk) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls
}

// rename changes the name of path in its directory.
func (d *simDisk) rename(path string, change func(map[string]*simInode)) {
	change(d.names)
	d.renaming = append(d.renaming, nameChange{filepath.Dir(path), change})
}

func (d *simDisk) Mkdir(dir string) (made bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.call("mkdir"); err != nil || d.names[dir] != nil {
		return false, err
	}
	d.rename(dir, func(names map[string]*simInode) { names[dir] = &simInode{isDir: true} })
	return true, nil
}

func (d *simDisk) ReadDir(dir string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for path := range d.names {
		if filepath.Dir(path) == dir {
			names = append(names, filepath.Base(path))
		}
	}
	return names, nil
}

type simLock struct {
	disk *simDisk
	path string
}

func (d *simDisk) Lock(path string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked[path] {
		return nil, errLocked
	}
	d.locked[path] = true
	return simLock{d, path}, nil
}

func (l simLock) Close() error {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	delete(l.disk.locked, l.path)
	return nil
}

func (d *simDisk) Create(path string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.call("create"); err != nil {
		return nil, err
	}
	if d.names[path] != nil {
		return nil, &errPath{path, syscall.EEXIST}
	}
	n := &simInode{dirty: map[int]bool{}}
	d.rename(path, func(names map[string]*simInode) { names[path] = n })
	return &simFile{d, n}, nil
}

type errPath struct {
	path string
	error
}

func (d *simDisk) Open(path string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[path]
	if n == nil {
		return nil, &errPath{path, syscall.ENOENT}
	}
	return &simFile{d, n}, nil
}

func (d *simDisk) Rename(old, new string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.call("rename"); err != nil {
		return err
	}
	n := d.names[old]
	d.rename(new, func(names map[string]*simInode) {
		delete(names, old)
		names[new] = n
	})
	return nil
}

func (d *simDisk) Remove(path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.call("remove"); err != nil {
		return err
	}
	d.rename(path, func(names map[string]*simInode) { delete(names, path) })
	return nil
}

func (d *simDisk) SyncDir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.call("syncdir"); err != nil {
		return err
	}
	others := d.renaming[:0]
	for _, change := range d.renaming {
		if change.dir == dir {
			change.apply(d.stable)
		} else {
			others = append(others, change)
		}
	}
	d.renaming = others
	return nil
}

// simFile is an open file.
type simFile struct {
	disk  *simDisk
	inode *simInode
}

func (f *simFile) ReadAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if at >= int64(len(f.inode.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.inode.data[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt that fails has written the first half, in whole sectors.
func (f *simFile) WriteAt(b []byte, at int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	err := f.disk.call("write")
	if errors.Is(err, errPower) {
		return 0, err
	}
	if err != nil {
		b = b[:len(b)/2/sectorBytes*sectorBytes]
	}
	f.inode.grow(int(at) + len(b))
	copy(f.inode.data[at:], b)
	for s := int(at) / sectorBytes; s*sectorBytes < int(at)+len(b); s++ {
		f.inode.dirty[s] = true
	}
	return len(b), err
}

func (n *simInode) grow(size int) {
	if size > len(n.data) {
		n.data = append(n.data, make([]byte, size-len(n.data))...)
	}
}

func (f *simFile) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.inode.data)), nil
}

func (f *simFile) Allocate(bytes int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.call("allocate"); err != nil {
		return err
	}
	f.inode.grow(int(bytes))
	return nil
}

// Sync that fails has lost what was to be synced, and says so once: the next one
// finds nothing to do (as Linux does).
func (f *simFile) Sync() error {
	f.disk.mu.Lock()
	blocked := f.disk.blocked
	f.disk.mu.Unlock()
	if blocked != nil {
		<-blocked
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	err := f.disk.call("sync")
	if errors.Is(err, errPower) {
		return err
	}
	if err == nil {
		f.inode.keep(slices.Collect(maps.Keys(f.inode.dirty)))
	}
	clear(f.inode.dirty)
	return err
}

// keep makes sectors durable, and the size.
func (n *simInode) keep(sectors []int) {
	stable := make([]byte, len(n.data))
	copy(stable, n.stable)
	for _, s := range sectors {
		end := min((s+1)*sectorBytes, len(n.data))
		copy(stable[s*sectorBytes:end], n.data[s*sectorBytes:end])
	}
	n.stable = stable
}

func (f *simFile) HasName() (bool, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	for _, n := range f.disk.names {
		if n == f.inode {
			return true, nil
		}
	}
	return false, nil
}

func (f *simFile) Close() error { return nil }

// restart is the end of a process: the next one finds what this one wrote, and what was
// not durable still is not.
func (d *simDisk) restart() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.locked)
	d.offAt, d.fails = 0, nil
}

// killed is what the next process finds when this one has died, if the power stays on for
// long enough.
func (d *simDisk) killed() *simDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return image(d.names, func(n *simInode) []byte { return n.data })
}

// powerCut is what the next process finds after a loss of power: of what was not
// durable, what rng chooses; nothing if it is nil. The file system has a journal:
// names change in order.
func (d *simDisk) powerCut(rng *rand.Rand) *simDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	names := maps.Clone(d.stable)
	if rng != nil {
		for _, change := range d.renaming[:rng.IntN(len(d.renaming)+1)] {
			change.apply(names)
		}
	}
	return image(names, func(n *simInode) []byte {
		after := &simInode{data: n.data, stable: n.stable}
		var kept []int
		for _, s := range slices.Sorted(maps.Keys(n.dirty)) {
			if rng != nil && rng.IntN(2) == 0 {
				kept = append(kept, s)
			}
		}
		if len(kept) > 0 {
			after.keep(kept)
		}
		return after.stable
	})
}

func image(names map[string]*simInode, content func(*simInode) []byte) *simDisk {
	d := newSimDisk()
	for path, n := range names {
		if !reachable(names, path) {
			continue
		}
		if n.isDir {
			d.names[path] = n
			continue
		}
		data := slices.Clone(content(n))
		d.names[path] = &simInode{data: data, stable: slices.Clone(data), dirty: map[int]bool{}}
	}
	d.stable = maps.Clone(d.names)
	return d
}

// reachable reports whether all directories that lead to path have their names.
func reachable(names map[string]*simInode, path string) bool {
	parent := filepath.Dir(path)
	return parent == path || (filepath.Dir(parent) == parent || names[parent] != nil) && reachable(names, parent)
}
