package client

import (
	"bytes"
	"errors"
	"math"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// A Batch is a batch as the service described it at one time; it does not change when the batch does. Times that have not
// come are zero.
type Batch struct {
	gen.BetaMessageBatch

	// Malformed is what is wrong with the description, nil if nothing is: the fields that it concerns are zero, and the
	// others are good. A batch exists, and is billed, whatever is wrong with its description.
	Malformed *gen.DecodeError

	// Raw is the JSON that the batch was decoded from, including everything that the contract does not know, without white
	// space around it. It is nil if that was not JSON.
	Raw jsontext.Value
}

// Ended reports whether the batch has ended: its results can be read and its counts are final.
func (b *Batch) Ended() bool {
	return b.ProcessingStatus == gen.BetaMessageBatchProcessingStatusEnded
}

// total returns how many requests the batch has: the sum of its counts, including those that are newer than the contract.
// It is false if that cannot be told.
func (b *Batch) total() (n int64, ok bool) {
	ok = true
	eachProperty(b.Raw, func(name string, d *wire.Decoder) {
		if name != "request_counts" {
			d.Skip()
			return
		}
		n, ok = 0, true // of two, the last one counts
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

// AppendJSON appends the JSON of the batch to data: Raw, or what the fields give if there is no Raw.
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

// parseBatch reads the body of a response. It is false if the body is not a batch; the batch then holds the ID that the
// body may have.
func parseBatch(body []byte) (b *Batch, ok bool) {
	b = new(Batch)
	if err := b.UnmarshalJSON(body); err != nil {
		b.Malformed = &gen.DecodeError{Reason: "the response is not whole"}
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
