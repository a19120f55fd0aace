package jobs

import (
	"encoding/json"
	"errors"
	"sync"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/internal/jsonschema"
)

// An Answer is the message that the model wrote for a request.
type Answer struct {
	// Item is the result, with the custom ID of the input. Its message is not nil.
	Item *client.Item

	// Line is the request as it was sent, except that it has the custom ID of the input. It must not be modified or
	// retained.
	Line []byte

	schemas *schemaCache
}

// Request returns the request as it was sent, except that it has the custom ID of the input. Parameters that this version
// does not know are kept at the top level of the request and of its params, and lost at deeper levels.
func (a *Answer) Request() (*client.Request, error) {
	r := new(client.Request)
	if err := r.UnmarshalJSON(a.Line); err != nil {
		return nil, err
	}
	return r, nil
}

// An Accept returns nil if an answer is acceptable, and otherwise an error that says why not. It must be safe for concurrent
// use.
type Accept func(a *Answer) error

// AcceptAll returns an [Accept] that accepts an answer if all of its arguments do. Its error joins theirs.
func AcceptAll(all ...Accept) Accept {
	return func(a *Answer) error {
		var errs []error
		for _, accept := range all {
			errs = append(errs, accept(a))
		}
		return errors.Join(errs...)
	}
}

// AcceptComplete is an [Accept] that accepts complete messages, not those that were truncated, refused or paused. A message
// that calls tools is complete.
func AcceptComplete(a *Answer) error {
	err := a.Item.Message().Err()
	if errors.Is(err, client.ErrToolUse) {
		return nil
	}
	return err
}

// AcceptUntruncated is an [Accept] that accepts messages that were not truncated. It accepts refusals.
func AcceptUntruncated(a *Answer) error { return unless(a, client.ErrTruncated) }

// AcceptUnrefused is an [Accept] that accepts messages that were not refused. It accepts truncated messages.
func AcceptUnrefused(a *Answer) error { return unless(a, client.ErrRefused) }

func unless(a *Answer, kind error) error {
	if err := a.Item.Message().Err(); errors.Is(err, kind) {
		return err
	}
	return nil
}

// AcceptSchema is an [Accept] that accepts messages whose text matches the JSON Schema in the output_config (or
// output_format) of the request. Otherwise the error is a [*SchemaError], or the error of [AcceptComplete] if the message is
// not complete. Messages that call tools, and those of requests without a schema, are accepted.
//
// It checks only these keywords: type, enum, const, properties, required, additionalProperties, items, prefixItems,
// minItems, maxItems, minLength, maxLength, pattern as far as package regexp supports it, minimum, maximum,
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
		return nil //nolint:nilerr // the service accepted the schema: the answer is not at fault
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

// A SchemaError reports that the text of a message does not match the schema of its request.
type SchemaError struct {
	Path   string // where in the text, such as items[2].price; "" is the whole text
	Reason string // the mismatch; it does not quote the text
}

// Error includes Path and Reason.
func (e *SchemaError) Error() string {
	if e.Path == "" {
		return "the text does not match the schema: " + e.Reason
	}
	return "the text does not match the schema at " + e.Path + ": " + e.Reason
}

// schemaOf returns the schema of a request for the text of its message, or nil if it has none.
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

// A schemaCache caches parsed schemas, because most requests of a job have the same. A nil cache parses each time.
type schemaCache struct {
	mu   sync.Mutex
	kept map[string]*jsonschema.Schema
}

// mostSchemas is the maximum size of a schemaCache.
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

// An Again changes a request before it is resent because [Options.Accept] returned the error why. If it returns false, the
// request is not resent. It must be safe for concurrent use.
type Again func(r *client.Request, a *Answer, why error) bool

// MoreTokens returns an [Again] that doubles max_tokens of a request whose message was truncated, up to most. If the request
// already has that many, it is not resent. Other requests are resent unchanged.
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
