package jobs

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// An object is the position of the custom ID in a line.
type object struct {
	start, end int // of the value of custom_id, with its quotes; both 0 if there is none
	open       int // after the brace that opens the object
	empty      bool
}

var (
	errNotObject = errors.New("not a JSON object")
	errTwoIDs    = errors.New("duplicate custom_id property")
	errIDType    = errors.New("custom_id is not a string")
)

// scanLine finds the custom ID of a line {"custom_id", "params"} or {"custom_id", "result"}. It looks only at the top level,
// and assumes that the line is valid JSON, which is checked elsewhere.
func scanLine(line []byte) (o object, err error) {
	at := skipSpace(line, 0)
	if at == len(line) || line[at] != '{' {
		return o, errNotObject
	}
	at = skipSpace(line, at+1)
	o.open = at
	if at < len(line) && line[at] == '}' {
		o.empty = true
		return o, nil
	}
	for {
		name, next := at, skipString(line, at)
		if next < 0 {
			return o, errNotObject
		}
		isID := isCustomID(line[name:next])
		at = skipSpace(line, next)
		if at == len(line) || line[at] != ':' {
			return o, errNotObject
		}
		at = skipSpace(line, at+1)
		value := at
		if at = skipValue(line, at); at < 0 {
			return o, errNotObject
		}
		if isID {
			switch {
			case o.end > 0:
				return o, errTwoIDs
			case line[value] != '"':
				return o, errIDType
			}
			o.start, o.end = value, at
		}
		at = skipSpace(line, at)
		switch {
		case at < len(line) && line[at] == ',':
			at = skipSpace(line, at+1)
		case at < len(line) && line[at] == '}' && skipSpace(line, at+1) == len(line):
			return o, nil
		default:
			return o, errNotObject
		}
	}
}

// isCustomID reports whether a quoted name is custom_id.
func isCustomID(name []byte) bool {
	if bytes.IndexByte(name, '\\') < 0 {
		return string(name) == `"custom_id"`
	}
	plain, err := jsontext.AppendUnquote(nil, name)
	return err == nil && string(plain) == "custom_id"
}

func skipSpace(line []byte, at int) int {
	for at < len(line) && (line[at] == ' ' || line[at] == '\t' || line[at] == '\r' || line[at] == '\n') {
		at++
	}
	return at
}

// skipString returns the end of the string at an offset, or -1 if there is none.
func skipString(line []byte, at int) int {
	if at >= len(line) || line[at] != '"' {
		return -1
	}
	for at++; ; {
		n := bytes.IndexByte(line[at:], '"')
		if n < 0 {
			return -1
		}
		end := at + n
		at = end + 1
		backslashes := 0
		for line[end-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return at
		}
	}
}

// skipValue returns the end of the value at an offset, or -1 if there is none.
func skipValue(line []byte, at int) int {
	if at >= len(line) {
		return -1
	}
	switch line[at] {
	case '"':
		return skipString(line, at)
	case '{', '[':
		return skipNested(line, at)
	}
	end := at
	for end < len(line) && bytes.IndexByte([]byte(" \t\r\n,}]"), line[end]) < 0 {
		end++
	}
	if end == at {
		return -1
	}
	return end
}

func skipNested(line []byte, at int) int {
	for depth := 0; at < len(line); {
		switch line[at] {
		case '"':
			if at = skipString(line, at); at < 0 {
				return -1
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return at + 1
			}
		}
		at++
	}
	return -1
}

// customID returns the custom ID of a line, or "" if it has none.
func (o object) customID(line []byte) (string, error) {
	if o.end == 0 {
		return "", nil
	}
	id, err := jsontext.AppendUnquote(nil, line[o.start:o.end])
	if err != nil {
		return "", fmt.Errorf("custom_id: %w", errIDType)
	}
	return string(id), nil
}

// appendWithID appends a line with another custom ID, which is given in JSON.
func (o object) appendWithID(to, line []byte, id string) []byte {
	if o.end > 0 {
		to = append(to, line[:o.start]...)
		to = append(to, id...)
		return append(to, line[o.end:]...)
	}
	to = append(to, line[:o.open]...)
	to = append(to, `"custom_id":`...)
	to = append(to, id...)
	if !o.empty {
		to = append(to, ',')
	}
	return append(to, line[o.open:]...)
}
