package journal

import (
	"bytes"
	"errors"
	"fmt"
)

// Record is one record of a journal.
type Record struct {
	Kind string
	Data []byte // JSON; part of what Parse was given
	Line int    // from 1
}

// Parse returns the whole records of a journal in their order. Torn is the number
// of bytes at the end that are no whole record: what a crash leaves of records
// that were being written. What is damaged elsewhere, before a
// record that is whole, is an error that says where.
//
// The records share their memory with text.
func Parse(text []byte) (records []Record, torn int, err error) {
	offset, line := 0, 1
	for offset < len(text) {
		record, length, err := parseLine(text[offset:])
		if err != nil {
			if whole := nextWhole(text[offset:], line); whole > 0 {
				return nil, 0, fmt.Errorf("damaged in line %d, at byte %d: %w, and line %d is whole", line, offset, err, whole)
			}
			return records, len(text) - offset, nil
		}
		record.Line = line
		records = append(records, record)
		offset += length
		line++
	}
	return records, 0, nil
}

// nextWhole is the number of the first line after the first of text that is a
// whole record, zero if there is none.
func nextWhole(text []byte, line int) int {
	for {
		end := bytes.IndexByte(text, '\n')
		if end < 0 {
			return 0
		}
		text = text[end+1:]
		line++
		if _, _, err := parseLine(text); err == nil {
			return line
		}
	}
}

// parseLine returns the record at the start of text, and the length of its line.
func parseLine(text []byte) (Record, int, error) {
	end := bytes.IndexByte(text, '\n')
	if end < 0 {
		return Record{}, 0, errors.New("the line does not end")
	}
	line := text[:end]
	if len(line) < headBytes || string(line[:len(beforeSum)]) != beforeSum || string(line[headBytes-len(afterSum):headBytes]) != afterSum {
		return Record{}, 0, errors.New("no checksum at its beginning")
	}
	body := line[headBytes:]
	if digits := string(line[len(beforeSum) : len(beforeSum)+sumDigits]); digits != checksum(body) {
		return Record{}, 0, fmt.Errorf("its checksum is %s and not %q", checksum(body), digits)
	}
	rest, okKind := bytes.CutPrefix(body, []byte(beforeKind))
	kind, rest, okData := bytes.Cut(rest, []byte(beforeData))
	data, okEnd := bytes.CutSuffix(rest, []byte(afterData))
	if !okKind || !okData || !okEnd {
		return Record{}, 0, errors.New("no kind and data")
	}
	return Record{Kind: string(kind), Data: data}, end + 1, nil
}
