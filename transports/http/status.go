package http

import (
	"github.com/valyala/fasthttp"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/unary"
)

// statusOf is the HTTP status of a code; the body carries the text.
func statusOf(c unary.Code) int {
	switch c {
	case unary.CodeOK:
		return fasthttp.StatusOK
	case unary.CodeOverflow:
		return fasthttp.StatusTooManyRequests
	case unary.CodeTooLarge:
		return fasthttp.StatusRequestEntityTooLarge
	case unary.CodeClosed:
		return fasthttp.StatusServiceUnavailable
	case unary.CodeRemote:
	}
	return fasthttp.StatusInternalServerError
}

// statusError is the error of a response; text is its body.
func statusError(status int, text []byte) error {
	switch status {
	case fasthttp.StatusOK:
		return nil
	case fasthttp.StatusTooManyRequests:
		return unary.CodeOverflow.Err("")
	case fasthttp.StatusRequestEntityTooLarge:
		return unary.CodeTooLarge.Err("")
	case fasthttp.StatusServiceUnavailable:
		return unary.CodeClosed.Err("")
	}
	return unary.CodeRemote.Err(string(text))
}

// pathPrefix carries the version of the encoding, wire.Version.
const pathPrefix = "/raft/5/"

func pathOf(k core.Kind) string { return pathPrefix + k.String() }

// kindOf is the opposite of pathOf; zero if there is no such path.
func kindOf(path []byte) core.Kind {
	if len(path) <= len(pathPrefix) || string(path[:len(pathPrefix)]) != pathPrefix {
		return 0
	}
	switch string(path[len(pathPrefix):]) {
	case "RequestVote":
		return core.KindRequestVote
	case "AppendEntries":
		return core.KindAppendEntries
	case "InstallSnapshot":
		return core.KindInstallSnapshot
	case "TimeoutNow":
		return core.KindTimeoutNow
	case "Propose":
		return core.KindPropose
	case "Read":
		return core.KindRead
	}
	return 0
}
