package client

import (
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// eachProperty calls visit with each property of a JSON object; visit must read the value. Names are compared with their
// case. JSON that is not an object has no properties, and JSON that is cut off has those before the cut.
func eachProperty(object []byte, visit func(name string, d *wire.Decoder)) {
	d := wire.NewDecoder(object)
	if d.Kind() == '{' && d.Object() {
		for name := d.Name(); name != nil; name = d.Name() {
			visit(string(name), d)
		}
	}
	_ = d.End() // a malformed property does not cost the others
}
