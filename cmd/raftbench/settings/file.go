package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Value is what a file or the environment says about one flag.
type Value struct {
	Name string // the flag's long name
	Text string // as on the command line; a list is joined by commas
	Line int    // in the file, from 1
}

// Arm is a set of values with a name: one entry under "arms" in a file.
type Arm struct {
	Name   string
	Line   int
	Values []Value
}

// File is an experiment file: YAML with the long names of the flags as keys. A
// list makes a matrix, as commas do on the command line. Under "arms" stand named
// arms, each with what differs from the rest of the file.
type File struct {
	Path   string
	Values []Value
	Arms   []Arm
}

// The keys of a file that are no flags.
const (
	keyArms = "arms"
	keyName = "name"
)

// maxFileBytes bounds an experiment file; one that a person wrote is far smaller.
const maxFileBytes = 1 << 20

// Read reads an experiment file. names are the flags that it may set (Names), armNames
// those that may differ between named arms. The error names the file, the line, and the
// nearest known key.
func Read(path string, names, armNames []string) (*File, error) {
	data, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	return parse(path, data, names, armNames)
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("-f: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("-f: %w", err)
	}
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("-f %s: more than %d bytes: want an experiment file", path, maxFileBytes)
	}
	return data, nil
}

// parse is Read without the disk.
func parse(path string, data []byte, names, armNames []string) (*File, error) {
	var doc, more yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(data))
	if err := documents.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("-f %s: %s", path, grammar(err))
	}
	if documents.Decode(&more) == nil {
		return nil, fmt.Errorf("%s:%d: a second document: want one experiment in a file", path, more.Line)
	}
	p := parser{file: &File{Path: path}, names: names, armNames: armNames}
	if len(doc.Content) == 0 {
		return nil, fmt.Errorf("-f %s: the file is empty: want settings such as \"transport: rawtcp\"", path)
	}
	if err := p.document(doc.Content[0]); err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	return p.file, nil
}

// grammar says what is wrong with a file that is no YAML. The usual mistake is a script of
// faults without quotes, which has colons in it.
func grammar(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.Contains(text, "mapping values are not allowed") {
		text += ": want quotes around a text with a colon in it, such as \"at 2s: cut 2\""
	}
	return text
}

// parser turns the nodes of a file into values.
type parser struct {
	file            *File
	names, armNames []string
}

// errorAt begins a message with the line: the path stands before it already.
func errorAt(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%d: %w", n.Line, fmt.Errorf(format, args...))
}

func (p *parser) document(n *yaml.Node) error {
	return p.pairs(n, func(key, value *yaml.Node) error {
		if key.Value == keyArms {
			return p.arms(value)
		}
		v, err := p.value(key, value, p.names)
		p.file.Values = append(p.file.Values, v)
		return err
	})
}

func (p *parser) arms(n *yaml.Node) error {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		return errorAt(n, "arms: want a list of arms, each with a name and what differs")
	}
	for _, item := range n.Content {
		arm, err := p.arm(item)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(p.file.Arms, func(a Arm) bool { return a.Name == arm.Name }) {
			return errorAt(item, "two arms have the name %q", arm.Name)
		}
		p.file.Arms = append(p.file.Arms, arm)
	}
	return nil
}

func (p *parser) arm(n *yaml.Node) (Arm, error) {
	arm := Arm{Line: n.Line}
	err := p.pairs(n, func(key, value *yaml.Node) error {
		if key.Value == keyName {
			arm.Name = strings.TrimSpace(value.Value)
			return nil
		}
		if slices.Contains(p.names, key.Value) && !slices.Contains(p.armNames, key.Value) {
			return errorAt(key, "%s is the same for all arms: want it outside of arms; arms may differ in %s", key.Value, strings.Join(p.armNames, ", "))
		}
		v, err := p.value(key, value, append([]string{keyName}, p.armNames...))
		arm.Values = append(arm.Values, v)
		return err
	})
	if err == nil && arm.Name == "" {
		err = errorAt(n, "the arm has no name")
	}
	return arm, err
}

// pairs calls f for every key of a mapping. A key that stands there twice is an error: one
// of the two would be lost without a word.
func (p *parser) pairs(n *yaml.Node, f func(key, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return errorAt(n, "want lines of the form \"name: value\"")
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if seen[key.Value] {
			return errorAt(key, "%s stands here twice", key.Value)
		}
		seen[key.Value] = true
		if err := f(key, value); err != nil {
			return err
		}
	}
	return nil
}

// value reads one setting.
func (p *parser) value(key, value *yaml.Node, known []string) (Value, error) {
	if !slices.Contains(known, key.Value) {
		return Value{}, errorAt(key, "unknown key %q: the nearest is %q", key.Value, Nearest(key.Value, append(known, keyArms)))
	}
	text, err := text(value)
	if err != nil {
		return Value{}, errorAt(value, "%s: %w", key.Value, err)
	}
	return Value{Name: key.Value, Text: text, Line: key.Line}, nil
}

var errValue = errors.New("want a value or a list of values, in quotes if there is a colon in it")

// text is a scalar as it stands there, or a list of them joined by commas.
func text(n *yaml.Node) (string, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value, nil
	case yaml.SequenceNode:
		var parts []string
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				return "", errValue
			}
			parts = append(parts, item.Value)
		}
		return strings.Join(parts, ","), nil
	}
	return "", errValue
}
