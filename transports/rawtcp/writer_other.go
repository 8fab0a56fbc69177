//go:build !unix

package rawtcp

// canTryWrite: there is no write here that is known not to block, so every write
// goes through a goroutine.
const canTryWrite = false

func tryWrite(uintptr, []byte) (int, error) { return 0, nil }
