package experiment

import (
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// procfs is the root from which the kernel's files are read: "/" in a run, text in
// a test. Paths have no leading slash. What cannot be read is empty, or zero.
type procfs struct{ fs.FS }

func thisMachine() procfs { return procfs{os.DirFS("/")} }

func (p procfs) text(path string) string {
	data, err := fs.ReadFile(p.FS, path)
	if err != nil {
		return ""
	}
	return string(data)
}

func (p procfs) firstLine(path string) string {
	line, _, _ := strings.Cut(p.text(path), "\n")
	return strings.TrimSpace(line)
}

// field returns the value of the first line "name : value" of a file.
func (p procfs) field(path, name string) string {
	for line := range strings.Lines(p.text(path)) {
		key, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// count returns the number in the first line "name number" of a text, and whether
// there is such a line.
func count(text, name string) (uint64, bool) {
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || key != name {
			continue
		}
		n, err := strconv.ParseUint(value, 10, 64)
		return n, err == nil
	}
	return 0, false
}

// kibibytes reads a line of proc/meminfo, as bytes.
func (p procfs) kibibytes(name string) int64 {
	value, _, _ := strings.Cut(p.field("proc/meminfo", name), " ")
	n, err := strconv.ParseInt(value, 10, 53)
	if err != nil {
		return 0
	}
	return n << 10
}
