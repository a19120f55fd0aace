package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

// Get returns a batch as it is now.
//
// An answer that is no batch is an [*APIError], of kind [ErrNotFound] if there is none with this id. A batch with an odd
// field is returned together with a [*gen.DecodeError]. Get is retried.
//
// API: GET /v1/messages/batches/{message_batch_id}
func (c *Client) Get(ctx context.Context, id string, opts ...CallOption) (*Batch, error) {
	cl, err := c.newCall(opts)
	if err != nil {
		return nil, err
	}
	return c.get(ctx, &cl, id)
}

func (c *Client) get(ctx context.Context, cl *call, id string) (*Batch, error) {
	const op = "retrieve batch"
	if err := checkID(id); err != nil {
		return nil, localError{fmt.Errorf("%s: %w", op, err)}
	}
	return c.callForBatch(ctx, cl, op, func() (*http.Request, error) {
		return gen.NewRetrieveMessageBatchRequest(c.s().base.String(), id, &gen.RetrieveMessageBatchParams{AnthropicVersion: cl.version})
	})
}

// callForBatch makes an idempotent call whose answer is a batch.
func (c *Client) callForBatch(ctx context.Context, cl *call, op string, build func() (*http.Request, error)) (batch *Batch, err error) {
	var odd error // about a batch that came all the same
	_, err = c.idempotent(ctx, cl, op, build, func(resp *http.Response) (err error) {
		batch, err = readBatch(op, resp)
		if batch != nil && errors.As(err, new(*gen.DecodeError)) {
			odd, err = err, nil
		}
		return err // also with a batch: a part of one is no answer here
	})
	if err != nil {
		return nil, err
	}
	return batch, odd
}

// ListOptions say which batches List gives. The zero value stands for all of them.
type ListOptions struct {
	// PageSize is how many batches one call asks for, 1 to 1000. Defaults to the service's own, 20.
	PageSize int

	// AfterID starts right after this batch, with older ones.
	AfterID string

	// BeforeID starts right before this batch and goes on to newer ones, page by page; within a page newer batches
	// still come first. Not together with AfterID.
	BeforeID string
}

// List gives the batches of the workspace, newest first, asking for one page after the other as they are needed.
// An error is the last thing it gives, an [*APIError] if the service has answered, except that a batch with an odd
// field comes together with a [*gen.DecodeError].
//
// Nothing is sent before the iteration begins. Each page is retried.
//
// API: GET /v1/messages/batches
func (c *Client) List(ctx context.Context, o ListOptions, opts ...CallOption) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		cl, err := c.newCall(opts)
		if err != nil {
			yield(nil, err)
			return
		}
		c.list(ctx, cl, o)(yield)
	}
}

func (c *Client) list(ctx context.Context, cl call, o ListOptions) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		err := o.check()
		for err == nil {
			page, pageErr := c.page(ctx, &cl, o)
			if err = pageErr; err != nil {
				break
			}
			for _, raw := range page.Data {
				if !yield(decodeBatch(raw)) {
					return
				}
			}
			if !page.HasMore {
				return
			}
			err = o.turn(page)
		}
		yield(nil, err)
	}
}

func (o ListOptions) check() error {
	switch {
	case o.AfterID != "" && o.BeforeID != "":
		return localError{errors.New("list batches: AfterID and BeforeID exclude each other")}
	case o.PageSize < 0 || o.PageSize > 1000:
		return localError{errors.New("list batches: page size is not between 1 and 1000")}
	}
	for _, id := range []string{o.AfterID, o.BeforeID} {
		if id != "" {
			if err := checkID(id); err != nil {
				return localError{fmt.Errorf("list batches: %w", err)}
			}
		}
	}
	return nil
}

// turn sets o to the page after p.
func (o *ListOptions) turn(p *page) error {
	cursor, next := &o.AfterID, p.LastID
	if o.BeforeID != "" {
		cursor, next = &o.BeforeID, p.FirstID
	}
	if next == "" || next == *cursor {
		return errors.New("list batches: the service promises more, but its page does not say from where")
	}
	*cursor = next
	return nil
}

// A page is gen.BetaMessageBatchPage with its batches undecoded, so that each keeps its JSON.
type page struct {
	Data    []json.RawMessage `json:"data"`
	HasMore bool              `json:"has_more"`
	FirstID string            `json:"first_id"`
	LastID  string            `json:"last_id"`
}

func (c *Client) page(ctx context.Context, cl *call, o ListOptions) (*page, error) {
	const op = "list batches"
	params := &gen.ListMessageBatchesParams{AnthropicVersion: cl.version}
	if o.PageSize != 0 {
		limit := int64(o.PageSize)
		params.Limit = &limit
	}
	if o.AfterID != "" {
		params.AfterID = &o.AfterID
	}
	if o.BeforeID != "" {
		params.BeforeID = &o.BeforeID
	}
	var p page
	_, err := c.idempotent(ctx, cl, op, func() (*http.Request, error) {
		return gen.NewListMessageBatchesRequest(c.s().base.String(), params)
	}, func(resp *http.Response) error {
		body, err := readAnswer(op, resp)
		if err != nil {
			return err
		}
		p = page{}
		if err := json.Unmarshal(body, &p); err != nil || p.Data == nil {
			return unexpectedAnswer(op, resp, body)
		}
		return nil
	})
	return &p, err
}

// Cancel asks the service to stop a batch, and returns it as it is then: usually canceling, not yet ended. Requests that
// have finished keep their results. A batch that has ended meanwhile is returned as it is.
//
// An answer that is no batch is an [*APIError], of kind [ErrNotFound] if there is none with this id. A batch with an odd
// field is returned together with a [*gen.DecodeError]. Cancel is retried: canceling twice does no harm.
//
// API: POST /v1/messages/batches/{message_batch_id}/cancel
func (c *Client) Cancel(ctx context.Context, id string, opts ...CallOption) (*Batch, error) {
	const op = "cancel batch"
	cl, err := c.newCall(opts)
	if err != nil {
		return nil, err
	}
	if err := checkID(id); err != nil {
		return nil, localError{fmt.Errorf("%s: %w", op, err)}
	}
	batch, err := c.callForBatch(ctx, &cl, op, func() (*http.Request, error) {
		return gen.NewCancelMessageBatchRequest(c.s().base.String(), id, &gen.CancelMessageBatchParams{AnthropicVersion: cl.version})
	})
	var apiErr *APIError
	if errors.As(err, &apiErr) && apiErr.StatusCode/100 == 4 { // which one it is is not documented
		if b, getErr := c.get(ctx, &cl, id); getErr == nil && b.Ended() {
			return b, nil
		}
	}
	return batch, err
}

// Delete deletes a batch that has ended, and its results. One that runs must be canceled first, and have ended: until
// then it is an [*APIError].
//
// Delete is retried. If an attempt may have reached the service and the API finds no such batch at a later one, the
// deletion has succeeded; otherwise a batch that does not exist is an error of kind [ErrNotFound].
//
// API: DELETE /v1/messages/batches/{message_batch_id}
func (c *Client) Delete(ctx context.Context, id string, opts ...CallOption) error {
	const op = "delete batch"
	cl, err := c.newCall(opts)
	if err != nil {
		return err
	}
	if err := checkID(id); err != nil {
		return localError{fmt.Errorf("%s: %w", op, err)}
	}
	ambiguous, err := c.idempotent(ctx, &cl, op, func() (*http.Request, error) {
		return gen.NewDeleteMessageBatchRequest(c.s().base.String(), id, &gen.DeleteMessageBatchParams{AnthropicVersion: cl.version})
	}, func(resp *http.Response) error {
		body, err := readAnswer(op, resp)
		if err != nil {
			return err
		}
		var deleted gen.BetaDeletedMessageBatch
		if err := deleted.UnmarshalJSON(body); err != nil {
			return unexpectedAnswer(op, resp, body)
		}
		return nil
	})
	var apiErr *APIError
	if ambiguous && errors.As(err, &apiErr) && apiErr.fromAPI() && errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// readBatch reads an answer that is a batch. Whatever is odd about it, a batch with an id is returned: with a
// [*gen.DecodeError] it is whole, with another error only a part of it came.
func readBatch(op string, resp *http.Response) (*Batch, error) {
	body, err := readAnswer(op, resp)
	b, decodeErr := decodeBatch(body)
	switch {
	case b.ID == "" && err != nil:
		return nil, err
	case b.ID == "":
		return nil, unexpectedAnswer(op, resp, body)
	case err != nil:
		return b, err
	case decodeErr != nil:
		return b, fmt.Errorf("%s: %w", op, decodeErr)
	}
	return b, nil
}

func decodeBatch(raw []byte) (*Batch, error) {
	b := &Batch{Raw: bytes.Clone(raw)}
	return b, b.BetaMessageBatch.UnmarshalJSON(raw)
}

// unexpectedAnswer makes an error of a 200 that is not what the operation answers.
func unexpectedAnswer(op string, resp *http.Response, body []byte) *APIError {
	e := parseAPIError(op, resp, body, time.Now())
	if e.Detail == nil {
		e.Message = "answer is not what the contract says"
		if len(bytes.TrimSpace(body)) == 0 {
			e.Message = "answer has an empty body"
		}
	}
	return e
}
