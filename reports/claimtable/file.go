package claimtable

import (
	"encoding/json"
	"io"
)

// FileName is the name of a table within its directory.
const FileName = "claims.json"

// The schema of FileName. The version goes up when a reader of the old one would
// misread the new one.
const (
	Schema        = "raftbench/claims"
	SchemaVersion = 1
)

type header struct {
	Schema  string `json:"schema"`
	Version int    `json:"version"`
}

type document struct {
	header
	Table
}

// Encode writes the table in the form of FileName.
func Encode(w io.Writer, t *Table) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(document{header{Schema, SchemaVersion}, *t})
}
