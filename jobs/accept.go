package jobs

import (
	"encoding/json"
	"errors"
	"sync"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/internal/jsonschema"
)

// An Answer is a message that a request got.
type Answer struct {
	// Item is the result, under the custom ID of the input. Its message is not nil.
	Item *client.Item

	// Line is the request as it was sent, under the custom ID of the input. It must not be changed, and not be kept either.
	Line []byte

	schemas *schemaCache
}

// Request returns the request as it was sent, under the custom ID of the input. Parameters that this version does not know
// are kept at the top level of the request and of its params, and lost further down.
func (a *Answer) Request() (*client.Request, error) {
	r := new(client.Request)
	if err := r.UnmarshalJSON(a.Line); err != nil {
		return nil, err
	}
	return r, nil
}

// An Accept says what is wrong with an answer: nil if nothing is. It is safe for concurrent use.
type Accept func(a *Answer) error

// AcceptAll returns an [Accept] that accepts what all of them accept. Its error joins theirs.
func AcceptAll(all ...Accept) Accept {
	return func(a *Answer) error {
		var errs []error
		for _, accept := range all {
			errs = append(errs, accept(a))
		}
		return errors.Join(errs...)
	}
}

// AcceptComplete is an [Accept] of whole messages: not of those that were truncated, refused or paused. A message that
// calls tools is whole.
func AcceptComplete(a *Answer) error {
	err := a.Item.Message().Err()
	if errors.Is(err, client.ErrToolUse) {
		return nil
	}
	return err
}

// AcceptUntruncated is an [Accept] of messages that were not truncated. Refused ones are final.
func AcceptUntruncated(a *Answer) error { return unless(a, client.ErrTruncated) }

// AcceptUnrefused is an [Accept] of messages that were not refused. Truncated ones are final.
func AcceptUnrefused(a *Answer) error { return unless(a, client.ErrRefused) }

func unless(a *Answer, kind error) error {
	if err := a.Item.Message().Err(); errors.Is(err, kind) {
		return err
	}
	return nil
}

// AcceptSchema is an [Accept] of messages whose text matches the JSON Schema that the request has in its output_config (or
// in output_format). If it does not, the error is a [*SchemaError], or that of [AcceptComplete] if the message is not
// whole. Requests without a schema and messages that call tools are accepted.
//
// It checks these keywords and no others: type, enum, const, properties, required, additionalProperties, items,
// prefixItems, minItems, maxItems, minLength, maxLength, pattern as far as package regexp knows it, minimum, maximum,
// exclusiveMinimum, exclusiveMaximum, multipleOf of integers, anyOf, oneOf, allOf, not, and $ref inside the schema.
func AcceptSchema(a *Answer) error {
	stop := a.Item.Message().Err()
	raw := schemaOf(a.Line)
	if raw == nil || errors.Is(stop, client.ErrToolUse) {
		return nil
	}
	if stop != nil && !errors.Is(stop, client.ErrUnknownStop) {
		return stop
	}
	schema, err := a.schemas.get(raw)
	if err != nil {
		return nil //nolint:nilerr // the service took it: the answer is not to blame
	}
	err = schema.Check([]byte(a.Item.Text()))
	var found *jsonschema.Error
	switch {
	case errors.As(err, &found):
		return &SchemaError{found.Path, found.Text}
	case err != nil:
		return &SchemaError{"", err.Error()}
	}
	return nil
}

// A SchemaError says where the text of a message does not match the schema of its request.
type SchemaError struct {
	Path   string // such as items[2].price, "" for the whole text
	Reason string // what is wrong there; it quotes nothing of the text
}

// Error says both.
func (e *SchemaError) Error() string {
	if e.Path == "" {
		return "the text does not match the schema: " + e.Reason
	}
	return "the text does not match the schema at " + e.Path + ": " + e.Reason
}

// schemaOf returns the schema for the text of a request, nil if there is none.
func schemaOf(line []byte) json.RawMessage {
	type format struct {
		Schema json.RawMessage `json:"schema"`
	}
	var r struct {
		Params struct {
			OutputConfig struct {
				Format format `json:"format"`
			} `json:"output_config"`
			OutputFormat format `json:"output_format"`
		} `json:"params"`
	}
	if json.Unmarshal(line, &r) != nil {
		return nil
	}
	if schema := r.Params.OutputConfig.Format.Schema; schema != nil {
		return schema
	}
	return r.Params.OutputFormat.Schema
}

// A schemaCache keeps schemas: most requests of a job have the same. Nil keeps none.
type schemaCache struct {
	mu   sync.Mutex
	kept map[string]*jsonschema.Schema
}

// mostSchemas is how many schemas are kept.
const mostSchemas = 100

func (c *schemaCache) get(raw []byte) (*jsonschema.Schema, error) {
	if c == nil {
		return jsonschema.Parse(raw)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.kept[string(raw)]; s != nil {
		return s, nil
	}
	s, err := jsonschema.Parse(raw)
	if err != nil {
		return nil, err
	}
	if c.kept == nil || len(c.kept) == mostSchemas {
		c.kept = make(map[string]*jsonschema.Schema)
	}
	c.kept[string(raw)] = s
	return s, nil
}

// An Again changes a request before it is sent again because of what [Options.Accept] returned. If it returns false, the
// request is not sent again. It is safe for concurrent use.
type Again func(r *client.Request, a *Answer, why error) bool

// MoreTokens returns an [Again] that sends a request whose message was truncated again with twice as many max_tokens, and
// at most so many; one that has as many already is not sent again. Other requests are sent again as they are.
func MoreTokens(most int64) Again {
	return func(r *client.Request, _ *Answer, why error) bool {
		switch {
		case !errors.Is(why, client.ErrTruncated):
			return true
		case r.Params.MaxTokens >= most:
			return false
		}
		r.Params.MaxTokens = min(2*r.Params.MaxTokens, most)
		return true
	}
}
