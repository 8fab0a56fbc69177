package rawtcp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/raftbench/raftbench/core"
	"github.com/raftbench/raftbench/transports/wire"
)

// A frame is a header of 20 bytes, little-endian, and a body:
//
//	 0  crc      CRC-32C of everything after it; zero if checksums are off
//	 4  length   of the body, in bytes
//	 8  version  of this layout
//	 9  type     hello, request, response, failure or credit
//	10  kind     of the request, or of the request that is answered
//	11  code     of a failure: what went wrong
//	12  id       chosen by the caller, repeated in the answer
//
// The caller's timeout is not in it: core.Incoming has no place for a deadline,
// so nobody could act on it. The checksum costs about a tenth of the CPU of a
// call of 128 B (BenchmarkOptions, 64 waiting callers: 1,064 ns against 956).
const headerBytes = 20

// frameVersion changes when the header or the hello does.
const frameVersion = 2

type frameType uint8

const (
	frameHello frameType = iota + 1
	frameRequest
	frameResponse
	frameFailure // the body is the text of an error
	frameCredit  // the body is a number of bytes, of 32 bits
)

// The codes of a failure.
const (
	failureRemote   = 0 // the handler answered with an error
	failureTooLarge = 1 // the response exceeds the limit
)

// failureTextBytes is how much of an error's text crosses the wire.
const failureTextBytes = 1 << 10

// errBadFrame is matched by everything that can be wrong with what arrives.
var errBadFrame = errors.New("bad frame")

// errNoHello: the other side has not said who it is.
var errNoHello = errors.New("no hello within the time for it")

// isBadFrame reports whether err says that what arrived was not of this protocol.
func isBadFrame(err error) bool {
	return errors.Is(err, errBadFrame) || errors.Is(err, wire.ErrMalformed)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame is one that arrived. The body aliases the read buffer.
type frame struct {
	frameType frameType
	kind      core.Kind
	code      uint8
	id        uint64
	body      []byte
}

// beginFrame makes room for a header; finishFrame fills it in when the body
// stands behind it.
func beginFrame(buf []byte) []byte {
	var header [headerBytes]byte
	return append(buf, header[:]...)
}

func finishFrame(b []byte, f frame, checksum bool) {
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-headerBytes))
	b[8] = frameVersion
	b[9] = byte(f.frameType)
	b[10] = byte(f.kind)
	b[11] = f.code
	binary.LittleEndian.PutUint64(b[12:], f.id)
	if checksum {
		binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
	}
}

// parseFrame takes the frame at the front of b. need is the number of bytes that
// it has, or that must be there to tell; the frame is whole if need <= len(b).
// The length is checked against limit as soon as it can be read. The frame is
// filled in where its reader wants it: handed up by value it cost 64 waiting
// callers 5 % of the CPU of a call.
func parseFrame(b []byte, limit int, checksum bool, f *frame) (need int, err error) {
	if len(b) < headerBytes {
		return headerBytes, nil
	}
	length := uint64(binary.LittleEndian.Uint32(b[4:]))
	if b[8] != frameVersion {
		return 0, fmt.Errorf("%w: version %d, want %d", errBadFrame, b[8], frameVersion)
	}
	if length > uint64(limit) {
		return 0, fmt.Errorf("%w: %d bytes, over the limit of %d", errBadFrame, length, limit)
	}
	need = headerBytes + int(length)
	if len(b) < need {
		return need, nil
	}
	if checksum && crc32.Checksum(b[4:need], castagnoli) != binary.LittleEndian.Uint32(b) {
		return 0, fmt.Errorf("%w: checksum does not match", errBadFrame)
	}
	f.frameType, f.kind, f.code = frameType(b[9]), core.Kind(b[10]), b[11]
	f.id = binary.LittleEndian.Uint64(b[12:])
	f.body = b[headerBytes:need:need]
	return need, nil
}

// hello opens each direction of a connection: who speaks, and what about. It is
// always checksummed.
type hello struct {
	from     core.NodeID
	class    core.Class
	checksum bool // of the frames that follow, in both directions; the dialing side decides

	// credit is how many bytes of requests the answering side takes before it has
	// answered any; from the dialing side, how many it sends before it has heard
	// that. Zero: without credits, which the dialing side decides.
	credit uint32
}

const (
	helloMagic = "raftbnch"
	helloBytes = len(helloMagic) + 4 + 8 + 4
)

func appendHello(buf []byte, h hello) []byte {
	start := len(buf)
	buf = beginFrame(buf)
	buf = append(buf, helloMagic...)
	buf = append(buf, wire.Version, byte(h.class), 0, 0)
	if h.checksum {
		buf[len(buf)-2] = 1
	}
	buf = binary.LittleEndian.AppendUint64(buf, uint64(h.from))
	buf = binary.LittleEndian.AppendUint32(buf, h.credit)
	finishFrame(buf[start:], frame{frameType: frameHello}, true)
	return buf
}

func parseHello(f frame) (hello, error) {
	b := f.body
	if f.frameType != frameHello || len(b) != helloBytes || string(b[:len(helloMagic)]) != helloMagic {
		return hello{}, fmt.Errorf("%w: not a hello", errBadFrame)
	}
	b = b[len(helloMagic):]
	if b[0] != wire.Version {
		return hello{}, fmt.Errorf("%w: messages of version %d, want %d", errBadFrame, b[0], wire.Version)
	}
	if b[1] >= core.NumClasses || b[2] > 1 || b[3] != 0 {
		return hello{}, fmt.Errorf("%w: hello out of range", errBadFrame)
	}
	return hello{
		from:     core.NodeID(binary.LittleEndian.Uint64(b[4:])),
		class:    core.Class(b[1]),
		checksum: b[2] == 1,
		credit:   binary.LittleEndian.Uint32(b[12:]),
	}, nil
}

// appendRequest appends a request as a frame.
func appendRequest(buf []byte, id uint64, req core.Request, checksum bool) []byte {
	start := len(buf)
	buf = wire.AppendRequest(beginFrame(buf), req)
	finishFrame(buf[start:], frame{frameType: frameRequest, kind: req.Kind(), id: id}, checksum)
	return buf
}

// appendResponse appends a response as a frame.
func appendResponse(buf []byte, id uint64, resp core.Response, checksum bool) []byte {
	start := len(buf)
	buf = wire.AppendResponse(beginFrame(buf), resp)
	finishFrame(buf[start:], frame{frameType: frameResponse, kind: resp.Kind(), id: id}, checksum)
	return buf
}

// appendFailure appends the text of an error as a frame.
func appendFailure(buf []byte, id uint64, kind core.Kind, code uint8, text string, checksum bool) []byte {
	start := len(buf)
	buf = append(beginFrame(buf), text[:min(len(text), failureTextBytes)]...)
	finishFrame(buf[start:], frame{frameType: frameFailure, kind: kind, code: code, id: id}, checksum)
	return buf
}
