//go:build unix

package rawtcp

import "syscall"

// canTryWrite: sockets are non-blocking, so one write takes what there is room for.
const canTryWrite = true

// tryWrite writes as much of buf as the socket takes now, which may be nothing.
func tryWrite(fd uintptr, buf []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), buf)
		switch err {
		case nil:
			return n, nil
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return 0, nil
		}
		return 0, err
	}
}
