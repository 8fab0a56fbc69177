package session_test

import (
	"testing"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/core/session/sessiontest"
	"github.com/raftbench/raftbench/workloads/kv"
)

func TestConformance(t *testing.T) {
	commands := [][]byte{
		kv.AppendPut(nil, []byte("a"), []byte("1")), kv.AppendPut(nil, []byte("a"), []byte("22")), kv.AppendPut(nil, []byte("b"), nil),
		kv.AppendGet(nil, []byte("a")), kv.AppendGet(nil, []byte("b")), {},
	}
	for name, open := range map[string]func() core.StateMachine{
		"kv":      func() core.StateMachine { return kv.New(0) },
		"null":    func() core.StateMachine { return kv.Null{} },
		"ledger":  func() core.StateMachine { return new(ledger) },
		"account": func() core.StateMachine { return new(account) },
	} {
		t.Run(name, func(t *testing.T) { sessiontest.Run(t, open, commands) })
	}
}
