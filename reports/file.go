package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/raftbench/raftbench/reports/atomicfile"
)

// FileName is the name of a run within its result directory. It is rewritten
// after every replicate and, with StatusComplete, after all the other files:
// where it says that the run is complete, they are there.
const FileName = "result.json"

// The schema of FileName. The version goes up when a reader of the old one
// would misread the new one; a field that is added does not.
const (
	Schema        = "raftbench/result"
	SchemaVersion = 1
)

// maxFileBytes bounds what Read takes in. A run of 100 arms and 10 replicates
// stays below 20 MiB.
const maxFileBytes = 256 << 20

type header struct {
	Schema  string `json:"schema"`
	Version int    `json:"version"`
}

type document struct {
	header
	Run
}

// Encode writes the run in the form of FileName.
func Encode(w io.Writer, r *Run) error {
	if err := r.Validate(); err != nil {
		return fmt.Errorf("this run cannot be stored: %w", err)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(document{header{Schema, SchemaVersion}, *r})
}

// Decode reads what Encode wrote. The error says in one line what is wrong and
// what is expected.
func Decode(data []byte) (*Run, error) {
	var h header
	if err := json.Unmarshal(data, &h); err != nil {
		return nil, explain(data, err)
	}
	if h.Schema != Schema {
		return nil, fmt.Errorf("not a raftbench result: schema is %q, want %q", h.Schema, Schema)
	}
	if h.Version < 1 || h.Version > SchemaVersion {
		return nil, fmt.Errorf("schema version is %d: this raftbench reads 1 to %d; use the one that wrote it, or a newer one", h.Version, SchemaVersion)
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, explain(data, err)
	}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("damaged: %w", err)
	}
	return &d.Run, nil
}

// explain turns an error of encoding/json into what the reader of a message wants
// to know: is it the wrong file, or half of the right one?
func explain(data []byte, err error) error {
	text := bytes.TrimSpace(data)
	if len(text) == 0 {
		return errors.New("the file is empty, want a result of raftbench run")
	}
	if text[0] != '{' {
		return fmt.Errorf("not a raftbench result: want JSON with schema %q", Schema)
	}
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return fmt.Errorf("damaged: %w", err)
	}
	if syntax.Offset >= int64(len(data)) {
		return fmt.Errorf("truncated after %d bytes: the JSON does not end", len(data))
	}
	return fmt.Errorf("damaged at byte %d: %w", syntax.Offset, err)
}

// Read reads a run from a result directory or from the file itself. The error
// is one line and names the file.
func Read(path string) (*Run, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	if info.IsDir() {
		path = filepath.Join(path, FileName)
		if info, err = os.Stat(path); err != nil {
			return nil, fmt.Errorf("read result: %w: want a directory that raftbench run -o wrote", err)
		}
	}
	if info.Size() > maxFileBytes {
		return nil, fmt.Errorf("read result %s: %d bytes: want at most %d", path, info.Size(), maxFileBytes)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read result: %w", err)
	}
	r, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("read result %s: %w", path, err)
	}
	return r, nil
}

// Write stores the run as FileName in dir, so that a crash at any instant
// leaves the old file or the new one whole.
func Write(dir string, r *Run) error {
	return atomicfile.Write(filepath.Join(dir, FileName), func(w io.Writer) error { return Encode(w, r) })
}
