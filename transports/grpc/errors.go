package grpc

import (
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// errorTextBytes bounds the text of an error that goes over the wire.
const errorTextBytes = 1024

// errorText is the text of err in a form that protobuf can carry.
func errorText(err error) string {
	text := err.Error()
	return strings.ToValidUTF8(text[:min(len(text), errorTextBytes)], "?")
}

func isMalformed(err error) bool { return errors.Is(err, errMalformed) }

// isBadFrame reports whether a stream ended because what arrived was protobuf
// but no message of ours, or too large. What is not even protobuf the codec counts.
func isBadFrame(err error) bool {
	return isMalformed(err) || status.Code(err) == codes.ResourceExhausted
}
