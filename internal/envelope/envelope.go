// Package envelope knows what the service checks of a batch at once: everything but the parameters of its requests.
package envelope

import (
	"errors"
	"fmt"

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
func IsCustomID(id string) bool {
	for i := range len(id) {
		b := id[i]
		if !('a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_' || b == '-') {
			return false
		}
	}
	return 1 <= len(id) && len(id) <= 64
}

// CheckCustomID returns what is wrong with a custom id, or nil.
func CheckCustomID(id string) error {
	switch {
	case id == "":
		return errors.New("it is missing, or no string")
	case !IsCustomID(id):
		return errors.New("it must be 1 to 64 letters, digits, underscores and hyphens")
	}
	return nil
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

// Parse reads a request that is a line of its own, in strict UTF-8. The error says what makes it no request, without
// showing anything of it; a custom id that is none is for [CheckCustomID] to find. With an error, the custom id is there if
// it could be read.
func Parse(line []byte) (r Request, err error) {
	err = wire.Walk(line, func(d *wire.Decoder) { Decode(d, &r) })
	var syntax *jsontext.SyntacticError
	var misfit *wire.DecodeError
	switch {
	case errors.As(err, &syntax):
		//nolint:errorlint // io.ErrUnexpectedEOF would look like a failure of reading
		return r, fmt.Errorf("not one whole JSON object, at byte %d: %v", syntax.ByteOffset, syntax.Err)
	case err != nil && !errors.As(err, &misfit):
		return r, fmt.Errorf("not one whole JSON object: %w", err)
	case !r.HasParams():
		return r, errors.New("a line holds one object with custom_id and params, an object")
	}
	return r, nil
}
