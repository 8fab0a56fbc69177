package experiment

import "golang.org/x/sys/unix"

// inMemory reports whether the file system of an existing directory is in memory.
func inMemory(dir string) bool {
	var fs unix.Statfs_t
	if unix.Statfs(dir, &fs) != nil {
		return false
	}
	kind := int64(fs.Type) //nolint:unconvert // int32 on machines of 32 bits
	return kind == unix.TMPFS_MAGIC || kind == unix.RAMFS_MAGIC
}
