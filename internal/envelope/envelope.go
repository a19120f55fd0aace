// Package envelope knows what the service checks of a batch at once: everything but the parameters of its requests.
package envelope

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// The limits of a batch.
const (
	MaxRequests = 100_000
	MaxBytes    = 256_000_000 // of the body; whether the documented 256 MB are more is not known
)

// The body of a create call is its requests, with commas in between, inside of these.
const (
	Open  = `{"requests":[`
	Close = `]}`
)

// CustomIDPattern is what IsCustomID checks, as the contract has it.
const CustomIDPattern = `^[a-zA-Z0-9_-]{1,64}$`

// IsCustomID reports whether id can be the custom id of a request.
func IsCustomID[T string | []byte](id T) bool {
	for i := range len(id) {
		b := id[i]
		if !('a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_' || b == '-') {
			return false
		}
	}
	return 1 <= len(id) && len(id) <= 64
}

// A Request is a request of a batch whose parameters are not read.
type Request struct {
	// CustomID is the request's id, empty if there is none.
	CustomID string

	// Params are its parameters as they stand in the input, nil if there are none.
	Params []byte
}

// Decode reads a request. A request that is no object is empty.
func Decode(d *wire.Decoder, r *Request) {
	if !d.Object() {
		return
	}
	for name := d.Name(); name != nil; name = d.Name() {
		switch string(name) {
		case "custom_id":
			r.CustomID = "" // of two, the last one counts, also if it is none
			wire.DecodeString(d, &r.CustomID)
		case "params":
			r.Params = d.Value()
		default:
			d.Skip()
		}
	}
}

// HasParams reports whether the parameters are what they have to be at the least: an object.
func (r *Request) HasParams() bool { return jsontext.Value(r.Params).Kind() == '{' }
