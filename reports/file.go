package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// FileName is the name of a run within its result directory. It is written once,
// at the end, after all the other files: where it says that the run is complete,
// they are there. Until then the run is in the journal.
const FileName = "result.json"

// The schema of FileName. The version goes up when a reader of the old one
// would misread the new one; a field that is added does not.
const (
	Schema        = "raftbench/result"
	SchemaVersion = 1
)

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
