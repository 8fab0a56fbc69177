package core

// The kinds of socket that a Network's connections can be (Network.Socket).
const (
	SocketTCP  = "tcp"  // over IP
	SocketUnix = "unix" // Unix-domain sockets: within one machine, without the TCP stack
)

// SocketOption is the option of a transport that leaves its connections to the
// endpoint: it sets Network.Socket to the value and needs no code of its own.
func SocketOption() Option {
	return Option{
		Name: "sock", Stock: SocketTCP, Tuned: SocketTCP, Allowed: []string{SocketTCP, SocketUnix},
		Usage: "tcp, or unix: Unix-domain sockets, which leave out the TCP stack and work within one machine",
	}
}
