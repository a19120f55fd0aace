package bulk

import (
	"fmt"
	"iter"

	"github.com/seed-111a911e/messagebatches/client"
)

// Split gives the requests in batches for [client.Client.Create], in their order. Each batch is as large as the limits
// allow, by the exact size of the body that Create sends.
//
// A request that fits no batch comes as a [*RequestError], with a nil batch, as soon as it is met, and the rest goes on:
// each request is in one batch or in one error. A custom id that an earlier batch had is such an error too.
//
// Memory holds the current batch and the custom ids of all. A batch is the caller's: it is not used again. Each iteration
// ranges over requests anew. Requests must not change before their batch was sent.
func Split(requests iter.Seq[client.Request], l Limits) iter.Seq2[[]client.Request, error] {
	return func(yield func([]client.Request, error) bool) {
		p, err := newPacker(l)
		if err != nil {
			yield(nil, err)
			return
		}
		var batch []client.Request
		var buf []byte
		index := -1
		for r := range requests {
			index++
			buf, err = r.AppendJSON(buf[:0])
			size := int64(len(buf))
			switch {
			case err != nil:
				err = fmt.Errorf("%w: %w", ErrMalformed, err)
			case size > p.largest():
				err = p.tooLarge()
			default:
				err = p.checkID(r.CustomID)
			}
			if err != nil {
				if !yield(nil, &RequestError{Index: index, CustomID: r.CustomID, Err: err}) {
					return
				}
				continue
			}
			if p.full(size) {
				if !yield(batch, nil) {
					return
				}
				batch = nil
				p.next()
			}
			batch = append(batch, r)
			p.add(r.CustomID, size)
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}
