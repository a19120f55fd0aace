package limits

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// A Request is a request of a batch whose parameters are not decoded.
type Request struct {
	// CustomID is the request's ID, or "" if there is none.
	CustomID string

	// Params are its parameters as they appear in the input, or nil if there are none.
	Params []byte
}

// Decode reads a request. If it is not an object, r remains empty.
func Decode(d *wire.Decoder, r *Request) {
	if !d.Object() {
		return
	}
	for name := d.Name(); name != nil; name = d.Name() {
		switch string(name) {
		case "custom_id":
			r.CustomID = "" // of duplicates the last one counts, even if it is not a string
			wire.DecodeString(d, &r.CustomID)
		case "params":
			r.Params = d.Value()
		default:
			d.Skip()
		}
	}
}

// HasParams reports whether the parameters are an object.
func (r *Request) HasParams() bool { return jsontext.Value(r.Params).Kind() == '{' }

// Parse reads a request from a line, in strict UTF-8. The error says why it is not a request, without showing its
// content; malformed custom IDs are left to [CheckCustomID]. With an error, CustomID is set if it could be read.
func Parse(line []byte) (r Request, err error) {
	err = wire.Walk(line, func(d *wire.Decoder) { Decode(d, &r) })
	switch {
	case err != nil && !errors.As(err, new(*wire.DecodeError)):
		return r, wire.NotJSON("not one whole JSON object", err)
	case !r.HasParams():
		return r, errors.New("a line must be one object with custom_id and params, an object")
	}
	return r, nil
}
