package bulk

import (
	"fmt"
	"iter"

	"github.com/seed-111a911e/messagebatches/client"
)

// Split yields the requests in batches for [client.Client.Create], in their order. Each batch is as large as the limits
// allow, by the exact size of the body that Create sends.
//
// A request that fits no batch is omitted, and splitting continues: it cannot be encoded ([ErrMalformed]), is too large
// ([ErrTooLarge]), or has an invalid custom ID ([ErrInvalidID]) or that of an earlier request in any batch
// ([ErrDuplicateID]). An error is the last thing Split yields, a [*LeftOutError] that counts them. If the limits are
// negative, Split yields only that error.
//
// Memory holds the current batch and all custom IDs. A batch belongs to the caller and is not reused. Each iteration ranges
// over the requests anew. Requests must not change until their batch has been sent.
func Split(requests iter.Seq[client.Request], l Limits) iter.Seq2[[]client.Request, error] {
	return func(yield func([]client.Request, error) bool) {
		p, err := newPacker(l)
		if err != nil {
			yield(nil, err)
			return
		}
		var left LeftOutError
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
				err = checkID(r.CustomID)
			}
			if err == nil {
				err = p.note(r.CustomID, index)
			}
			if err != nil {
				left.add(&RequestError{Index: index, CustomID: r.CustomID, Err: err})
				continue
			}
			if p.full(size) {
				if !yield(batch, nil) {
					return
				}
				batch = nil
				p.Next()
			}
			batch = append(batch, r)
			p.Add(len(buf))
		}
		if len(batch) > 0 && !yield(batch, nil) {
			return
		}
		if err := left.last(); err != nil {
			yield(nil, err)
		}
	}
}
