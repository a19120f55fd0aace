package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"github.com/seed-111a911e/messagebatches/gen"
)

// List yields the batches of the workspace, newest first. It requests pages as they are needed, see [WithPageSize];
// [WithAfter] and [WithBefore] set where it begins. Nothing is sent before the iteration begins. Each page is retried.
//
// An error is the last thing it yields, an [*APIError] if the service refused. A list that returns to an earlier page, or
// has 10 empty pages in a row, is an error too.
//
// API: GET /v1/messages/batches
func (c *Client) List(ctx context.Context, opts ...CallOption) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		cl, err := c.newCall(opList, opts)
		if err != nil {
			yield(nil, err)
			return
		}
		observeAll(ctx, &cl, "", yield, func(ctx context.Context, yield func(*Batch, error) bool) { c.list(ctx, &cl)(yield) })
	}
}

func (c *Client) list(ctx context.Context, cl *call) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		cl := *cl // its cursor moves
		err := cl.checkCursors()
		pages := newPager(&cl)
		for err == nil {
			p, pageErr := c.page(ctx, &cl)
			if err = pageErr; err != nil {
				break
			}
			for _, raw := range p.batches {
				b := new(Batch)
				if err := b.UnmarshalJSON(raw); err != nil {
					b.Malformed = &gen.DecodeError{Reason: err.Error()} // impossible: the page was JSON
				}
				if b.ID != "" {
					c.s().known.add(b.ID)
				}
				if !yield(b, nil) {
					return
				}
			}
			if !p.more {
				return
			}
			err = pages.turn(len(p.batches), p.first, p.last)
		}
		yield(nil, err)
	}
}

func (c *call) checkCursors() error {
	if c.after != "" && c.before != "" {
		return localError{fmt.Errorf("%s: WithAfter and WithBefore cannot be combined", c.op)}
	}
	return nil
}

func (c *Client) page(ctx context.Context, cl *call) (*page, error) {
	params := &gen.ListMessageBatchesParams{AnthropicVersion: cl.version}
	if cl.pageSize != 0 {
		limit := int64(cl.pageSize)
		params.Limit = &limit
	}
	if cl.after != "" {
		params.AfterID = &cl.after
	}
	if cl.before != "" {
		params.BeforeID = &cl.before
	}
	var p *page
	_, err := c.idempotent(ctx, cl, "", func() (*http.Request, error) {
		return gen.NewListMessageBatchesRequest(c.s().base.String(), params)
	}, func(resp *http.Response) error {
		body, err := readBody(cl.op.String(), resp)
		if err != nil {
			return err
		}
		if p, err = parsePage(body); err != nil {
			return unexpectedResponse(cl.op.String(), resp, body)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}
