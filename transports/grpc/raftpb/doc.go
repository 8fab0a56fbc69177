// Package raftpb is the generated code of raft.proto: the messages that
// transports/grpc sends, and its service. Edit raft.proto, then run
// scripts/generate.
package raftpb
