// Package disktest is a disk that fails when it is told to: at the k-th
// operation, once or from then on, as a full disk, a broken one, or one that was
// taken away.
//
// It starts no goroutine.
package disktest

import (
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/raftbench/raftbench/reports/disk"
)

// Op names an operation of a disk.
type Op string

// The operations.
const (
	Create   Op = "create"
	Write    Op = "write"
	Truncate Op = "truncate"
	Sync     Op = "sync"
	Lock     Op = "lock"
	Close    Op = "close"
	Rename   Op = "rename"
	Remove   Op = "remove"
	SyncDir  Op = "syncdir"
)

// ErrInjected is what operations fail with: to the caller a full disk.
var ErrInjected = fmt.Errorf("injected: %w", syscall.ENOSPC)

// Failing is the machine's disk with failures. Its methods may be called
// concurrently.
type Failing struct {
	// Fails tells whether an operation fails: the n-th of all, from 1.
	Fails func(n int, op Op, path string) bool

	mu     sync.Mutex
	ops    []Op
	failed []Failure
}

// At fails the k-th operation; with onward, every later one too.
func At(k int, onward bool) *Failing {
	return &Failing{Fails: func(n int, _ Op, _ string) bool { return n == k || onward && n > k }}
}

// Ops lists the operations so far.
func (d *Failing) Ops() []Op {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Op(nil), d.ops...)
}

// Failure is an operation that was made to fail.
type Failure struct {
	Op   Op
	Path string
}

// Failed lists the operations that were made to fail.
func (d *Failing) Failed() []Failure {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Failure(nil), d.failed...)
}

func (d *Failing) fails(op Op, path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ops = append(d.ops, op)
	if d.Fails == nil || !d.Fails(len(d.ops), op, path) {
		return nil
	}
	d.failed = append(d.failed, Failure{op, path})
	return &os.PathError{Op: string(op), Path: path, Err: ErrInjected}
}

// Create implements disk.FS.
func (d *Failing) Create(path string) (disk.File, error) {
	if err := d.fails(Create, path); err != nil {
		return nil, err
	}
	f, err := disk.OS().Create(path)
	if err != nil {
		return nil, err
	}
	return &file{disk: d, path: path, File: f}, nil
}

// Rename implements disk.FS.
func (d *Failing) Rename(old, new string) error {
	if err := d.fails(Rename, new); err != nil {
		return err
	}
	return disk.OS().Rename(old, new)
}

// Remove implements disk.FS.
func (d *Failing) Remove(path string) error {
	if err := d.fails(Remove, path); err != nil {
		return err
	}
	return disk.OS().Remove(path)
}

// SyncDir implements disk.FS, as Sync of a file does.
func (d *Failing) SyncDir(dir string) error {
	return d.fails(SyncDir, dir)
}

type file struct {
	disk.File
	disk *Failing
	path string
}

// Write that fails leaves the first half, as a disk does that is full.
func (f *file) Write(b []byte) (int, error) {
	if err := f.disk.fails(Write, f.path); err != nil {
		n, _ := f.File.Write(b[:len(b)/2])
		return n, err
	}
	return f.File.Write(b)
}

func (f *file) Truncate(size int64) error {
	if err := f.disk.fails(Truncate, f.path); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

// Sync does nothing else: no test takes the power away, and a real one would
// make tests of every operation last for minutes.
func (f *file) Sync() error { return f.disk.fails(Sync, f.path) }

func (f *file) Lock() error {
	if err := f.disk.fails(Lock, f.path); err != nil {
		return err
	}
	return f.File.Lock()
}

// Close that fails has closed the file, as close(2) has.
func (f *file) Close() error {
	err := f.File.Close()
	if injected := f.disk.fails(Close, f.path); injected != nil {
		return injected
	}
	return err
}
