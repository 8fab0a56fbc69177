package http

import (
	"errors"
	"net"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/raftbench/raftbench/transports/unary"
	"github.com/raftbench/raftbench/transports/wire"
)

// server answers the requests of all connections.
type server struct {
	transport *unary.Transport
	config    *config
}

// serveConn returns what serves one connection until it ends.
func serveConn(t *unary.Transport, c *config) func(net.Conn) {
	s := &server{transport: t, config: c}
	f := &fasthttp.Server{
		Handler:                       s.handle,
		ErrorHandler:                  s.refuse,
		ReadBufferSize:                c.bufferBytes,
		WriteBufferSize:               c.bufferBytes,
		MaxRequestBodySize:            c.messageBytes,
		DisablePreParseMultipartForm:  true,
		NoDefaultDate:                 true,
		NoDefaultServerHeader:         c.bare,
		NoDefaultContentType:          c.bare,
		DisableHeaderNamesNormalizing: c.bare,
	}
	return func(nc net.Conn) {
		// The error is that of the connection; the caller has its own.
		counted := &conn{Conn: nc, counters: c.counters, writeTimeout: c.longestTimeout()}
		_ = f.ServeConn(newServerConn(counted, c.bufferBytes))
	}
}

// handle serves one request, blocking its connection until the answer is there.
func (s *server) handle(ctx *fasthttp.RequestCtx) {
	if !ctx.IsPost() {
		s.reject(ctx, fasthttp.StatusMethodNotAllowed, "only POST")
		return
	}
	kind := kindOf(ctx.Path())
	in := s.transport.Accept(kind)
	if in == nil {
		s.reject(ctx, fasthttp.StatusNotFound, "no such path")
		return
	}
	if c, ok := ctx.Conn().(*serverConn); ok {
		_ = ctx.SetWriteDeadline(time.Time{}) // makes fasthttp pass this response to c at once
		in.Waiting = c.waiting
	}
	in.Body = ctx.Request.SwapBody(in.Body[:0])
	if err := wire.DecodeRequest(kind, in.Body, in.Request); err != nil {
		s.transport.Release(in)
		s.reject(ctx, fasthttp.StatusBadRequest, err.Error())
		return
	}
	code, text := unary.CodeOf(s.transport.Serve(in))
	if code == unary.CodeOK && wire.SizeResponse(in.Response) > s.config.messageBytes {
		code = unary.CodeTooLarge
	}
	if code == unary.CodeOK {
		body := ctx.Response.SwapBody(nil)
		ctx.Response.SwapBody(wire.AppendResponse(body[:0], in.Response))
	} else {
		answer(ctx, statusOf(code), text)
	}
	s.transport.Release(in)
}

// reject answers what is not a message, and closes the connection.
func (s *server) reject(ctx *fasthttp.RequestCtx, status int, text string) {
	s.config.counters.BadFrames.Add(1)
	answer(ctx, status, text)
	ctx.SetConnectionClose()
}

// answer does what ctx.Error does, but keeps the settings of the server: that one
// brings back the Date header, and with it a goroutine that never ends.
func answer(ctx *fasthttp.RequestCtx, status int, text string) {
	ctx.SetStatusCode(status)
	ctx.SetBodyString(text)
}

// refuse answers what fasthttp could not read; it closes the connection.
func (s *server) refuse(ctx *fasthttp.RequestCtx, err error) {
	if !isConnError(err) {
		s.config.counters.BadFrames.Add(1)
	}
	status := fasthttp.StatusBadRequest
	if errors.Is(err, fasthttp.ErrBodyTooLarge) {
		status = fasthttp.StatusRequestEntityTooLarge
	}
	answer(ctx, status, "request refused")
}
