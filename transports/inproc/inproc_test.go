package inproc_test

import (
	"testing"

	"github.com/raftbench/raftbench/transports/inproc"
	"github.com/raftbench/raftbench/transports/transporttest"
)

func TestTransport(t *testing.T) { transporttest.Run(t, inproc.Transport()) }
