package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
)

// The types of the contract that callers hold, under shorter names.
type (
	// BatchParams is what Create takes.
	BatchParams = gen.BetaCreateMessageBatchParams
	// Request is one request of a batch.
	Request = gen.BetaMessageBatchIndividualRequestParams
	// Params are the parameters of one request.
	Params = gen.BetaCreateMessageParams
	// InputMessage is a message that goes in: the user's, the assistant's or the system's.
	InputMessage = gen.BetaMessageParam
	// Message is the message that comes out.
	Message = gen.BetaMessage
	// Result is what became of one request.
	Result = gen.BetaMessageBatchResult
	// Beta is a beta feature, for [WithBetas].
	Beta = gen.AnthropicBeta
)

// UserText returns a message from the user with one text.
func UserText(text string) InputMessage {
	return &gen.BetaUserMessageParam{Content: gen.BetaTextContent(text)}
}

// AssistantText returns a message from the assistant with one text.
func AssistantText(text string) InputMessage {
	return &gen.BetaAssistantMessageParam{Content: gen.BetaTextContent(text)}
}

// A Batch is a batch as the service described it at one time: it does not follow what becomes of it. Times that have not
// come are zero.
type Batch struct {
	gen.BetaMessageBatch

	// Raw is the JSON that the batch was decoded from, with all that the contract does not know.
	Raw jsontext.Value
}

// Ended reports whether the batch has ended: its results can be read, its counts are final.
func (b *Batch) Ended() bool {
	return b.ProcessingStatus == gen.BetaMessageBatchProcessingStatusEnded
}

// total returns how many requests the batch has: the sum of its counts, with those that are newer than the contract. It
// is false if they do not tell.
func (b *Batch) total() (n int64, ok bool) {
	var raw struct {
		Counts map[string]any `json:"request_counts"`
	}
	err := json.Unmarshal(b.Raw, &raw)
	for name, value := range raw.Counts {
		switch value := value.(type) {
		case float64:
			n += int64(value)
		case nil:
		default:
			switch name {
			case "processing", "succeeded", "errored", "canceled", "expired":
				return 0, false
			}
		}
	}
	return n, err == nil && n > 0
}

// UnmarshalJSON implements json.Unmarshaler, for batches that were stored as JSON.
func (b *Batch) UnmarshalJSON(data []byte) error {
	b.Raw = bytes.Clone(data)
	return b.BetaMessageBatch.UnmarshalJSON(data)
}

// UnmarshalJSONFrom implements UnmarshalerFrom of encoding/json/v2.
func (b *Batch) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	return b.UnmarshalJSON(v)
}

// An Item is one line of the results: a request's custom id and what became of it.
type Item struct {
	// CustomID is your id of the request.
	CustomID string

	// Result is what became of the request, a *gen.Unknown if it is newer than the contract.
	Result Result

	// Raw is the line, without the line break.
	Raw jsontext.Value
}

var errNoItem = errors.New("custom_id or result is empty")

// MarshalJSON implements json.Marshaler: an item is written as the line that it came from, or would come from.
func (i Item) MarshalJSON() ([]byte, error) {
	if len(i.Raw) > 0 {
		return i.Raw, nil
	}
	line := gen.BetaMessageBatchIndividualResponse{CustomID: i.CustomID, Result: i.Result}
	return line.AppendJSON(nil)
}

// UnmarshalJSON implements json.Unmarshaler, for lines of results that were stored. A *[gen.DecodeError] leaves what it
// does not name in the item. An item without a custom id or a result is an error too.
func (i *Item) UnmarshalJSON(data []byte) error {
	var line gen.BetaMessageBatchIndividualResponse
	err := line.UnmarshalJSON(data)
	if err == nil && (line.CustomID == "" || line.Result == nil) {
		err = errNoItem
	}
	*i = Item{CustomID: line.CustomID, Result: line.Result, Raw: bytes.Clone(data)}
	return err
}

// UnmarshalJSONFrom implements UnmarshalerFrom of encoding/json/v2.
func (i *Item) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	return i.UnmarshalJSON(v)
}

// Message returns the answer of a request that succeeded, and nil for all others. Look at its StopReason: a
// refusal and a cut answer are successes too.
func (i *Item) Message() *Message {
	if r, ok := i.Result.(*gen.BetaMessageBatchSucceededResult); ok {
		return &r.Message
	}
	return nil
}

// Text returns the text of the answer: that of its text blocks, one after the other. It is empty if the request did not
// succeed, or if the answer holds no text, for example because it calls a tool.
func (i *Item) Text() string {
	m := i.Message()
	if m == nil {
		return ""
	}
	var text strings.Builder
	for _, b := range m.Content {
		if b, ok := b.(*gen.BetaTextBlock); ok {
			text.WriteString(b.Text)
		}
	}
	return text.String()
}

// Err returns nil if the request succeeded and an [*ItemError] if not, also for results of types that are newer than the
// contract.
func (i *Item) Err() error {
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
		return &ItemError{CustomID: i.CustomID, Err: fmt.Errorf("no result")}
	default:
		return &ItemError{CustomID: i.CustomID, Err: fmt.Errorf("result of type %q, which this version does not know", r.Discriminator())}
	}
}
