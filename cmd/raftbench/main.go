// Command raftbench measures which transport should carry a Raft.
package main

import (
	"os"

	"github.com/raftbench/raftbench/cmd/raftbench/cli"
	"github.com/raftbench/raftbench/transports"
)

func main() { os.Exit(cli.Main(transports.All())) }
