package cluster_test

import (
	"context"
	"fmt"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/client"
	"github.com/raftbench/raftbench/core/cluster"
	"github.com/raftbench/raftbench/transports/rawtcp"
	"github.com/raftbench/raftbench/workloads/kv"
)

// Three nodes over raw TCP, one write and one linearizable read.
func Example() {
	options, err := rawtcp.Transport().ParseOptions(nil)
	if err != nil {
		panic(err)
	}
	network, err := rawtcp.Transport().New(options)
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	c, err := cluster.Start(ctx, cluster.Config{
		Nodes:           3,
		Network:         network,
		NewStateMachine: func() core.StateMachine { return kv.New(0) },
	})
	if err != nil {
		panic(err)
	}
	link, err := c.Client(client.Config{Done: func([]*client.Op) {}})
	if err != nil {
		panic(err)
	}

	if err := link.Do(ctx, &client.Op{Command: kv.AppendPut(nil, []byte("name"), []byte("raft"))}); err != nil {
		panic(err)
	}
	read := &client.Op{Read: true, Command: kv.AppendGet(nil, []byte("name"))}
	if err := link.Do(ctx, read); err != nil {
		panic(err)
	}
	status, value, _ := kv.ParseResult(read.Result)
	fmt.Println(status, string(value))

	if err := link.Close(); err != nil {
		panic(err)
	}
	if err := c.Close(); err != nil {
		panic(err)
	}
	// Output: ok raft
}
