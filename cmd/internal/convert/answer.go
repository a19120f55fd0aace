package convert

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// maxCell is the maximum length of a spreadsheet cell, in UTF-16 code units.
const maxCell = 32767

func isLong(cell string) bool {
	n := 0
	for _, r := range cell {
		n += max(utf16.RuneLen(r), 1)
	}
	return n > maxCell
}

// An answer holds the columns of a result.
type answer struct {
	outcome, text, stopReason, errorType, errorMessage string

	tokens [4]string // input, written to the cache, read from the cache, output
}

// answerOf returns the columns of a result; item is nil if the result is missing.
func answerOf(item *client.Item) (a answer) {
	switch {
	case item == nil:
		a.outcome = "missing"
		return a
	case item.Result == nil:
		a.outcome = "damaged"
		return a
	}
	a.outcome = item.Result.Discriminator()
	if m := item.Message(); m != nil {
		a.text, a.stopReason = m.Text(), string(m.StopReason)
		u := m.Usage
		a.tokens = [4]string{number(&u.InputTokens), number(u.CacheCreationInputTokens), number(u.CacheReadInputTokens), number(&u.OutputTokens)}
	}
	var apiError *client.APIError
	if _, ok := item.Result.(*gen.BetaMessageBatchErroredResult); ok && errors.As(item.Err(), &apiError) {
		a.errorType, a.errorMessage = apiError.Type, apiError.Message
	}
	return a
}

func number(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// A field is a property of an answer that is a JSON object.
type field struct {
	name string
	path []string
}

func newFields(names []string) (fields []field) {
	for _, name := range names {
		fields = append(fields, field{name, strings.Split(name, ".")})
	}
	return fields
}

// values returns the cells of the fields.
func (r *resultWriter) values(item *client.Item, line int, id string) []string {
	cells := make([]string, len(r.fields))
	m := item.Message()
	if m == nil {
		return cells
	}
	object, ok := objectOf(m)
	if !ok {
		r.n.add(Note{Line: line, ID: id, Kind: Dropped, Place: "fields", Message: "the answer is not a JSON object: it may be truncated or refused (see its stop_reason), or the request has no \"output_config\" with a JSON schema"})
		return cells
	}
	for i, f := range r.fields {
		v := lookUp(object, f)
		if v == nil {
			r.n.add(Note{Line: line, ID: id, Kind: Dropped, Place: f.name, Message: "the answer has no such field"})
			continue
		}
		cells[i] = cellOf(v)
	}
	return cells
}

// objectOf returns the properties of the object in the answer: its text, or the input of its only tool call.
func objectOf(m *client.Message) ([]member, bool) {
	value := jsontext.Value(strings.TrimSpace(m.Text()))
	if uses := m.ToolUses(); len(value) == 0 && len(uses) == 1 {
		value = uses[0].Input
	}
	if oneValue(value) != nil {
		return nil, false
	}
	object, err := members(value)
	return object, err == nil
}

// lookUp returns the value of a field, nil if there is none. A property whose name contains dots takes precedence over a
// path.
func lookUp(object []member, f field) jsontext.Value {
	if v := get(object, f.name); v != nil {
		return v
	}
	for i, name := range f.path {
		v := get(object, name)
		if i == len(f.path)-1 {
			return v
		}
		var err error
		if object, err = members(v); err != nil {
			return nil
		}
	}
	return nil
}

// cellOf returns a value as a cell: a string without quotes, an empty cell for null, and JSON for anything else.
func cellOf(v jsontext.Value) string {
	if s, ok := text(v); ok {
		return s
	}
	if v.Kind() == 'n' {
		return ""
	}
	_ = v.Compact() // it is valid JSON
	return string(v)
}
