package main

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/workloads"
)

// commandBytes is the size of every command: its slice and number, and noise.
const commandBytes = 16

// commands makes the operations of one slice. It has one user at a time.
type commands struct {
	next  uint64
	noise *rand.Rand
}

func newCommands(seed, slice uint64) *commands {
	return &commands{next: slice << 40, noise: rand.New(rand.NewPCG(seed, slice))}
}

// Next implements workloads.Generator.
func (c *commands) Next(op *client.Op) workloads.OpType {
	op.Read = false
	op.Command = binary.LittleEndian.AppendUint64(op.Command[:0], c.next)
	op.Command = binary.LittleEndian.AppendUint64(op.Command, c.noise.Uint64())
	c.next++
	return workloads.Put
}
