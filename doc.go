// Package raftbench is the root of the module and holds no code: only the house
// rules as tests (tidy_test.go).
//
// The command is cmd/raftbench. The contracts that everything meets are in
// core; README.md says what raftbench measures, ARCHITECTURE.md where things
// are, CONTRIBUTING.md how to add a transport.
package raftbench
