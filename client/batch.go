package client

import (
	"bytes"
	"errors"
	"math"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// A Batch is a snapshot of a batch, as the service described it. Times of events that have not happened yet are zero.
type Batch struct {
	gen.BetaMessageBatch

	// Malformed is the fault of the description, nil if there is none: the fields it concerns are zero, and the others are
	// valid. A batch exists, and is billed, even if its description is malformed.
	Malformed *gen.DecodeError

	// Raw is the JSON that the batch was decoded from, including properties that the contract does not know, without
	// surrounding white space. It is nil if the description was not JSON.
	Raw jsontext.Value
}

// Ended reports whether the batch has ended: its results can be read and its counts are final.
func (b *Batch) Ended() bool {
	return b.ProcessingStatus == gen.BetaMessageBatchProcessingStatusEnded
}

// total returns how many requests the batch has: the sum of its counts, including those that are newer than the contract.
// ok is false if the number is unknown.
func (b *Batch) total() (n int64, ok bool) {
	ok = true
	eachProperty(b.Raw, func(name string, d *wire.Decoder) {
		if name != "request_counts" {
			d.Skip()
			return
		}
		n, ok = 0, true // the last of duplicates counts
		eachProperty(d.Value(), func(name string, d *wire.Decoder) {
			value := d.Value()
			if kind := value.Kind(); kind == '0' {
				var count int64
				if wire.Unmarshal(value, &count, wire.DecodeInt) == nil {
					if ok = ok && 0 <= count && count <= math.MaxInt64-n; ok {
						n += count
					}
					return
				}
			} else if kind == 'n' {
				return
			}
			switch name {
			case "processing", "succeeded", "errored", "canceled", "expired":
				ok = false
			}
		})
	})
	return n, ok && n > 0
}

// AppendJSON appends the JSON of the batch to data: Raw, or the encoded fields if there is no Raw.
func (b Batch) AppendJSON(data []byte) ([]byte, error) {
	if len(b.Raw) > 0 {
		return append(data, b.Raw...), nil
	}
	return b.BetaMessageBatch.AppendJSON(data)
}

// MarshalJSON implements json.Marshaler, as AppendJSON does.
func (b Batch) MarshalJSON() ([]byte, error) { return b.AppendJSON(nil) }

// MarshalJSONTo implements MarshalerTo of encoding/json/v2, as AppendJSON does.
func (b Batch) MarshalJSONTo(e *jsontext.Encoder) error {
	raw, err := b.AppendJSON(nil)
	if err != nil {
		return err
	}
	return e.WriteValue(raw)
}

// UnmarshalJSON implements json.Unmarshaler, for batches that were stored as JSON. A malformed field is not an error: see
// Malformed.
func (b *Batch) UnmarshalJSON(data []byte) error {
	*b = Batch{}
	err := b.BetaMessageBatch.UnmarshalJSON(data)
	if errors.As(err, &b.Malformed) {
		err = nil
	}
	if err == nil {
		b.Raw = bytes.Clone(bytes.TrimSpace(data))
	}
	return err
}

// UnmarshalJSONFrom implements UnmarshalerFrom of encoding/json/v2.
func (b *Batch) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	return b.UnmarshalJSON(v)
}

// parseBatch reads the body of a response. ok is false if the body is not a batch; b then holds the ID in the body, if any.
func parseBatch(body []byte) (b *Batch, ok bool) {
	b = new(Batch)
	if err := b.UnmarshalJSON(body); err != nil {
		b.Malformed = &gen.DecodeError{Reason: "the response is incomplete"}
	}
	return b, b.ID != "" && looksLikeBatch(body)
}

// looksLikeBatch reports whether JSON has the type of a batch or, without a type, what only batches have.
func looksLikeBatch(body []byte) bool {
	var typed, fits bool
	eachProperty(body, func(name string, d *wire.Decoder) {
		value := d.Value()
		switch name {
		case "type":
			typed = value.Kind() != 'n'
			fits = string(value) == `"message_batch"`
		case "processing_status", "request_counts":
			fits = fits || !typed
		}
	})
	return fits
}
