package messages

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/internal/foreign"
)

// DecodeText decodes the text of a message as JSON, for requests with an [OutputFormat]. It follows json.Unmarshal: unknown
// properties are skipped, names match in any case, and a number keeps all its digits in an integer, a json.Number or a
// jsontext.Value, but not in an any. A Markdown fence around the JSON is an error.
//
// In addition it checks what the schema of a T requires (see [Tool]): a required field that is missing is an error, and
// null is the same as missing unless the field is a pointer or can hold any value. A string that is not one of the values
// of its enum is an error too. If it differs only in case from exactly one of them, it becomes that one, because structured
// outputs do not guarantee the case.
//
// The error is a [*DecodeError] that holds the text; the value is then zero. The error wraps a [*client.StopError] if the
// message is truncated, refused, paused or calls tools: its text is not decoded, because even valid JSON may be incomplete.
// If the stop reason is unknown, the text is decoded.
func DecodeText[T any](m *client.Message) (T, error) {
	var zero T
	text := m.Text()
	stop := m.Err()
	if stop != nil && !errors.Is(stop, client.ErrUnknownStop) {
		return zero, &DecodeError{JSON: text, Err: stop}
	}
	x, err := decode[T](text)
	if err != nil {
		field := fieldOf(err)
		if stop != nil {
			err = fmt.Errorf("%w; %w", stop, err)
		}
		return zero, &DecodeError{Field: field, JSON: text, Err: err}
	}
	return x, nil
}

// DecodeInput decodes the input of a tool call and checks it, as [DecodeText] does. Unless its [client.Tool] is strict,
// an input may not match the tool's schema: then reply with a [ToolError], whose text may be that of the error. The error
// is a [*DecodeError]; the value is then zero.
func DecodeInput[T any](use *client.ToolUseBlock) (T, error) {
	x, err := decode[T](string(use.Input))
	if err != nil {
		var zero T
		return zero, &DecodeError{ToolUseID: use.ID, ToolName: use.Name, Field: fieldOf(err), JSON: string(use.Input), Err: err}
	}
	return x, nil
}

var errEmpty = errors.New("empty")

func decode[T any](text string) (T, error) {
	var x, zero T
	if strings.TrimSpace(text) == "" {
		return zero, errEmpty
	}
	s, nullable := shapeOf(reflect.TypeFor[T]())
	data, faults := check([]byte(text), s, nullable)
	if err := json.Unmarshal(data, &x); err != nil {
		if found := locate(data, s, err); found != nil {
			err = found
		}
		return zero, err
	}
	if faults != nil {
		return zero, faults
	}
	return x, nil
}

// A DecodeError reports that the text of a message or the input of a tool call could not be decoded.
type DecodeError struct {
	// ToolUseID and ToolName are the ID of the tool call and the name of its tool. They are empty for a text.
	ToolUseID, ToolName string

	// Field is the first field that failed, such as items[2].price. Its names are those of the Go type in JSON; * is a
	// key of a map. It is empty if JSON as a whole failed.
	Field string

	// JSON is the text or the input, as received. It may contain sensitive data.
	JSON string

	// Err is the cause: a [*client.StopError], an error of encoding/json or of a type's own decoder, which may quote
	// JSON, or an error that names the fields that are missing or whose values are not in their enum.
	Err error
}

// Error says what could not be decoded and why, without quoting JSON.
func (e *DecodeError) Error() string {
	what := "text of the message"
	if e.ToolUseID != "" || e.ToolName != "" {
		what = fmt.Sprintf("input of tool use %.70q (%s)", e.ToolUseID, foreign.Short(e.ToolName))
	}
	return what + ": " + e.reason()
}

// reason returns the text of Err without the input that errors of encoding/json and of a type's own decoder may quote.
func (e *DecodeError) reason() string {
	var parts []string
	var stop *client.StopError
	if errors.As(e.Err, &stop) {
		parts = append(parts, stop.Error())
	}
	var field *fieldError
	var syntax *json.SyntaxError
	var misfit *json.UnmarshalTypeError
	switch {
	case errors.As(e.Err, &field):
		parts = append(parts, field.Error())
	case errors.As(e.Err, &syntax):
		parts = append(parts, fmt.Sprintf("not JSON after byte %d of %d", syntax.Offset, len(e.JSON)))
	case errors.As(e.Err, &misfit):
		kind, _, _ := strings.Cut(misfit.Value, " ") // "number 4711": only the kind
		parts = append(parts, fmt.Sprintf("%s at %.100q does not fit Go type %v", kind, misfit.Field, misfit.Type))
	case errors.Is(e.Err, errEmpty):
		parts = append(parts, errEmpty.Error())
	case errors.Is(e.Err, (*client.Message)(nil).Err()): // there is no message
		parts = append(parts, e.Err.Error())
	case stop == nil:
		parts = append(parts, "refused by the decoder of a Go type (see Err)")
	}
	return strings.Join(parts, "; ")
}

// Unwrap returns Err.
func (e *DecodeError) Unwrap() error { return e.Err }

// fieldOf returns the field that an error of decode is about.
func fieldOf(err error) string {
	var field *fieldError
	var misfit *json.UnmarshalTypeError
	switch {
	case errors.As(err, &field):
		return field.field
	case errors.As(err, &misfit):
		return misfit.Field
	}
	return ""
}
