package client

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/foreign"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// An Item is one line of the results: the custom ID of a request and its result. Err, Message, Text and ToolUses accept a
// nil Item, for a request without a result.
type Item struct {
	// CustomID is your ID of the request. It is empty if the line is damaged and the ID could not be read.
	CustomID string

	// Result is the result, a *gen.Unknown if its type is newer than the contract. It is nil if the line is damaged and
	// holds no result that could be read.
	Result Result

	// Malformed is the fault of the line, nil if there is none. If there is a Result anyway, it holds everything that could
	// be read.
	Malformed *LineError

	// Raw is the line without the line break. It may not be JSON if the line is damaged, and is nil if the line was too
	// long to keep.
	Raw jsontext.Value
}

// Err returns nil if the request succeeded, a [*LineError] if the line is damaged, and an [*ItemError] otherwise: the
// request errored, expired or was canceled, or the type of its result is newer than the contract.
//
// A request that succeeded may still hold a truncated or refused message: see Err of [Item.Message].
func (i *Item) Err() error {
	if i == nil {
		return ErrNoResult
	}
	if i.Malformed != nil {
		return i.Malformed
	}
	switch r := i.Result.(type) {
	case *gen.BetaMessageBatchSucceededResult:
		return nil
	case *gen.BetaMessageBatchErroredResult:
		return &ItemError{CustomID: i.CustomID, Err: newAPIError(&r.Error)}
	case *gen.BetaMessageBatchCanceledResult:
		return &ItemError{CustomID: i.CustomID, Err: ErrCanceled}
	case *gen.BetaMessageBatchExpiredResult:
		return &ItemError{CustomID: i.CustomID, Err: ErrExpired}
	case nil:
		return &ItemError{CustomID: i.CustomID, Err: ErrNoResult}
	default:
		return &ItemError{CustomID: i.CustomID, Err: fmt.Errorf("result of type %.64q, which this version does not know", r.Discriminator())}
	}
}

// Message returns the message of a request that succeeded, and nil for all others. Its Err method distinguishes a
// truncated, refused or paused message from a complete one.
func (i *Item) Message() *Message {
	if i == nil {
		return nil
	}
	if r, ok := i.Result.(*gen.BetaMessageBatchSucceededResult); ok {
		return &r.Message
	}
	return nil
}

// Text returns the text of the message, see Text of [Item.Message]. It is empty if the request did not succeed.
func (i *Item) Text() string { return i.Message().Text() }

// ToolUses returns the calls of your own tools in the message, see ToolUses of [Item.Message].
func (i *Item) ToolUses(names ...string) []*ToolUseBlock {
	return i.Message().ToolUses(names...)
}

// MarshalJSON implements json.Marshaler. It returns Raw, or the encoded fields if there is no Raw.
func (i Item) MarshalJSON() ([]byte, error) {
	if len(i.Raw) > 0 {
		return i.Raw, nil
	}
	line := gen.BetaMessageBatchIndividualResponse{CustomID: i.CustomID, Result: i.Result}
	return line.AppendJSON(nil)
}

// UnmarshalJSON implements json.Unmarshaler, for stored lines of results. A line that is not JSON, or would take many times
// its length in memory, is an error; any other fault is in Malformed.
func (i *Item) UnmarshalJSON(data []byte) error {
	*i = ParseItem(data, 0)
	if i.Malformed != nil && !errors.As(i.Malformed, new(*gen.DecodeError)) && !errors.Is(i.Malformed, errNoItem) {
		err := i.Malformed.Err
		*i = Item{}
		return err
	}
	return nil
}

// UnmarshalJSONFrom implements UnmarshalerFrom of encoding/json/v2.
func (i *Item) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	return i.UnmarshalJSON(v)
}

var errNoItem = errors.New("custom_id or result is missing")

// ParseItem decodes the line of results with the given number, without its line break. A damaged line is an item too, see
// Malformed; so is a line whose values would take many times its length in memory. The item keeps a copy of the line.
func ParseItem(line []byte, number int) Item {
	var decoded gen.BetaMessageBatchIndividualResponse
	err := decoded.UnmarshalJSON(line)
	i := Item{CustomID: decoded.CustomID, Result: decoded.Result, Raw: bytes.Clone(line)}
	if r, ok := i.Result.(*gen.BetaMessageBatchErroredResult); ok && r.Error.Error == nil && errors.As(err, new(*gen.DecodeError)) {
		err = readFlatError(line, &r.Error, err)
	}
	switch {
	case err != nil && !errors.As(err, new(*gen.DecodeError)):
		i.Result = nil // incomplete
	case err == nil && (i.CustomID == "" || i.Result == nil):
		err = errNoItem
	}
	if err != nil {
		i.Malformed = &LineError{Line: number, CustomID: i.CustomID, Err: err}
	}
	return i
}

// readFlatError reads the error of an errored result that lacks the level of the error response. It returns err if there is
// none.
func readFlatError(line []byte, to *gen.BetaErrorResponse, err error) error {
	eachProperty(line, func(name string, d *wire.Decoder) {
		if name != "result" {
			d.Skip()
			return
		}
		eachProperty(d.Value(), func(name string, d *wire.Decoder) {
			value := d.Value()
			if name != "error" {
				return
			}
			nested := fmt.Appendf(nil, `{"type":"error","error":%s}`, value)
			var r gen.BetaErrorResponse
			if r.UnmarshalJSON(nested) == nil && r.Error != nil && r.Error.Discriminator() != "error" {
				*to, err = r, nil
			}
		})
	})
	return err
}

// whole reports whether the item is a result: malformed fields of it do not matter.
func (i *Item) whole() bool { return i.CustomID != "" && i.Result != nil }

// An ItemError is the error of a request that has no message. It wraps an [*APIError] if the request errored, and
// otherwise [ErrCanceled], [ErrExpired] or [ErrNoResult].
type ItemError struct {
	// CustomID is your ID of the request.
	CustomID string

	// Err is what happened to the request.
	Err error
}

// Error returns the custom ID of the request and what happened to it.
func (e *ItemError) Error() string { return fmt.Sprintf("request %.70q: %v", e.CustomID, e.Err) }

// Unwrap returns Err.
func (e *ItemError) Unwrap() error { return e.Err }

// A LineError reports a damaged line of the results. The line itself is in its item's Raw.
type LineError struct {
	// Line is the number of the line in its stream, from 1.
	Line int

	// CustomID is the custom ID of the line, empty if it could not be read.
	CustomID string

	// Err is the fault, for example a [*gen.DecodeError] or [ErrDuplicateResult].
	Err error
}

// Error returns the number of the line, its custom ID and its fault, without the text of the line.
func (e *LineError) Error() string {
	text := "results"
	if e.Line > 0 {
		text += fmt.Sprintf(", line %d", e.Line)
	}
	if e.CustomID != "" {
		text += fmt.Sprintf(" (request %.70q)", e.CustomID)
	}
	return fmt.Sprintf("%s: %v", text, foreign.Error(wire.Quiet(e.Err)))
}

// Unwrap returns Err.
func (e *LineError) Unwrap() error { return e.Err }

// cause returns Err, and nil for nil.
func (e *LineError) cause() error {
	if e == nil {
		return nil
	}
	return e.Err
}
