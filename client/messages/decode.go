package messages

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// Text returns the text of a message as [client.Item.Text] does: that of its text blocks, one after the other. It is
// empty if m is nil.
func Text(m *client.Message) string {
	if m == nil {
		return ""
	}
	return (&client.Item{Result: &gen.BetaMessageBatchSucceededResult{Message: *m}}).Text()
}

// DecodeText decodes the text of a message, which is JSON if the request asked for an [OutputFormat]. The rules are
// those of json.Unmarshal: unknown properties are skipped, and a number keeps all its digits in an integer, a
// json.Number or a jsontext.Value, but not in an any. The text is taken as it is: a fence around it is an error.
//
// The error is a [*DecodeError] with the text in it. It wraps a [*StopError] if the message is cut, refused, paused or
// calls tools; nothing is decoded then, since even a text that is JSON may lack its end. Where the stop reason is newer
// than the contract, the text decides. With an error, the value is zero.
func DecodeText[T any](m *client.Message) (T, error) {
	var zero T
	text := Text(m)
	stop := Err(m)
	if stop != nil && !errors.Is(stop, ErrUnknownStop) {
		return zero, &DecodeError{JSON: text, Err: stop}
	}
	x, err := decode[T](text)
	if err != nil {
		if stop != nil {
			err = fmt.Errorf("%w; %w", stop, err)
		}
		return zero, &DecodeError{JSON: text, Err: err}
	}
	return x, nil
}

// ToolUses returns the calls of your own tools in a message, in their order: of the tools with one of these names, or
// of all if there are no names. What stands before the last mark of a fallback is no call: the model that wrote it
// declined, and its calls wait for nothing. There are none if m is nil.
func ToolUses(m *client.Message, names ...string) []*gen.BetaToolUseBlock {
	if m == nil {
		return nil
	}
	var uses []*gen.BetaToolUseBlock
	for _, b := range m.Content[lastFallback(m)+1:] {
		use, ok := b.(*gen.BetaToolUseBlock)
		if ok && use != nil && (len(names) == 0 || slices.Contains(names, use.Name)) {
			uses = append(uses, use)
		}
	}
	return uses
}

// DecodeInput decodes the input of a tool call, by the rules of [DecodeText]. Without strict in its [gen.BetaTool], an
// input need not fit the tool's schema: tell the model with [ToolError]. The error is a [*DecodeError]; with one, the
// value is zero.
func DecodeInput[T any](use *gen.BetaToolUseBlock) (T, error) {
	x, err := decode[T](string(use.Input))
	if err != nil {
		var zero T
		return zero, &DecodeError{ToolUseID: use.ID, ToolName: use.Name, JSON: string(use.Input), Err: err}
	}
	return x, nil
}

var errEmpty = errors.New("there is none")

func decode[T any](text string) (T, error) {
	var x T
	if strings.TrimSpace(text) == "" {
		return x, errEmpty
	}
	err := json.Unmarshal([]byte(text), &x)
	return x, err
}

// A DecodeError says why the text of a message, or the input of a tool call, was not decoded.
type DecodeError struct {
	// ToolUseID and ToolName are the id of the tool call and the name of its tool, empty for a text.
	ToolUseID, ToolName string

	// JSON is what was to be decoded, as it came.
	JSON string

	// Err is why: a [*StopError], or an error of encoding/json. The latter may quote what it decodes.
	Err error
}

// Error says what was to be decoded and why it was not, without showing it.
func (e *DecodeError) Error() string {
	what := "text of the message"
	if e.ToolUseID != "" || e.ToolName != "" {
		what = fmt.Sprintf("input of tool use %q (%s)", e.ToolUseID, e.ToolName)
	}
	return what + ": " + e.reason()
}

// reason says what Err says, without the pieces of the input that errors of encoding/json and of a type's own decoder
// may quote.
func (e *DecodeError) reason() string {
	var parts []string
	var stop *StopError
	if errors.As(e.Err, &stop) {
		parts = append(parts, stop.Error())
	}
	var syntax *json.SyntaxError
	var misfit *json.UnmarshalTypeError
	switch {
	case errors.As(e.Err, &syntax):
		parts = append(parts, fmt.Sprintf("not JSON after byte %d of %d", syntax.Offset, len(e.JSON)))
	case errors.As(e.Err, &misfit):
		kind, _, _ := strings.Cut(misfit.Value, " ") // behind it the number itself
		parts = append(parts, fmt.Sprintf("%s at %q does not fit Go type %v", kind, misfit.Field, misfit.Type))
	case errors.Is(e.Err, errEmpty):
		parts = append(parts, errEmpty.Error())
	case errors.Is(e.Err, errNoMessage):
		parts = append(parts, errNoMessage.Error())
	case stop == nil:
		parts = append(parts, "the decoder of a Go type refuses it, as Err says")
	}
	return strings.Join(parts, "; ")
}

// Unwrap returns Err.
func (e *DecodeError) Unwrap() error { return e.Err }
