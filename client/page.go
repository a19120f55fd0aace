package client

import (
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// A page is a page of batches that are not decoded, so that each keeps its JSON.
type page struct {
	batches     []jsontext.Value
	more        bool
	first, last string
}

func parsePage(body []byte) (*page, error) {
	p := new(page)
	listed := false
	err := wire.Unmarshal(body, p, func(d *wire.Decoder, p *page) {
		if !d.StrictObject() {
			return
		}
		for name := d.Name(); name != nil; name = d.Name() {
			switch string(name) {
			case "data":
				if d.Kind() == '[' && d.List() {
					listed = true
					for d.Next() && d.Spend(256) { // less than a Batch and its JSON take
						p.batches = append(p.batches, d.Value())
					}
				} else {
					d.Skip()
				}
			case "has_more":
				wire.DecodeBool(d, &p.more)
			case "first_id":
				wire.DecodeString(d, &p.first)
			case "last_id":
				wire.DecodeString(d, &p.last)
			default:
				d.Skip()
			}
		}
	})
	if err == nil && !listed {
		err = errors.New("there is no list")
	}
	return p, err
}
