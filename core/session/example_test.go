package session_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/core/session"
	"github.com/raftbench/raftbench/transports/inproc"
)

// account is a state machine: a balance to which commands add. A deposit that is
// executed twice would be a mistake.
type account struct {
	balance uint64
}

// Apply implements core.StateMachine: it executes a batch, and gives one result for each
// command.
func (a *account) Apply(entries []core.Entry, results *core.Results) {
	for i := range entries {
		amount, width := binary.Uvarint(entries[i].Data)
		if width <= 0 {
			results.Append([]byte("not an amount"))
			continue
		}
		a.balance += amount
		results.Append(fmt.Appendf(nil, "balance %d", a.balance))
	}
}

// Query implements core.StateMachine: any query asks for the balance.
func (a *account) Query(_ []byte, results *core.Results) {
	results.Append(fmt.Appendf(nil, "balance %d", a.balance))
}

// accountVersion is the first byte of a snapshot.
const accountVersion = 1

// WriteSnapshot implements core.StateMachine.
func (a *account) WriteSnapshot(w io.Writer) error {
	_, err := w.Write(binary.LittleEndian.AppendUint64([]byte{accountVersion}, a.balance))
	return err
}

// ReadSnapshot implements core.StateMachine.
func (a *account) ReadSnapshot(r io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(r, 10))
	if err != nil {
		return err
	}
	if len(b) != 9 || b[0] != accountVersion {
		return errors.New("not a snapshot of an account")
	}
	a.balance = binary.LittleEndian.Uint64(b[1:])
	return nil
}

// newAccount makes a node's state machine: an account with sessions.
func newAccount() core.StateMachine {
	m, err := session.New(new(account), session.Config{})
	if err != nil {
		panic(err)
	}
	return m
}

// A state machine of one's own on three nodes, with a client that sends everything again and
// yet has it executed once.
func Example() {
	options, err := inproc.Transport().ParseOptions(nil)
	if err != nil {
		panic(err)
	}
	network, err := inproc.Transport().New(options)
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	c, err := cluster.Start(ctx, cluster.Config{Nodes: 3, Network: network, NewStateMachine: newAccount})
	if err != nil {
		panic(err)
	}
	link, err := c.Client(client.Config{
		Sessions: true,
		Retry:    client.Retry{Mode: client.RetryAll},
		Done:     func([]*client.Op) {},
	})
	if err != nil {
		panic(err)
	}

	for _, amount := range []uint64{40, 2} {
		deposit := &client.Op{Command: binary.AppendUvarint(nil, amount)}
		if err := link.Do(ctx, deposit); err != nil {
			panic(err)
		}
		fmt.Println(string(deposit.Result))
	}
	read := &client.Op{Read: true}
	if err := link.Do(ctx, read); err != nil {
		panic(err)
	}
	fmt.Println("read:", string(read.Result))

	if err := errors.Join(link.Close(), c.Close()); err != nil {
		panic(err)
	}
	// Output:
	// balance 40
	// balance 42
	// read: balance 42
}
