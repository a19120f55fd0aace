package client

import (
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// eachProperty calls visit with each property of a JSON object; visit must read the value. Names are case-sensitive. JSON
// that is not an object has no properties; truncated JSON has those before its end.
func eachProperty(object []byte, visit func(name string, d *wire.Decoder)) {
	d := wire.NewDecoder(object)
	if d.Kind() == '{' && d.Object() {
		for name := d.Name(); name != nil; name = d.Name() {
			visit(string(name), d)
		}
	}
	_ = d.End() // a malformed property does not affect the others
}
