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
// A batch with an odd field is returned together with a [*gen.DecodeError]. Get is retried.
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
	resp, _, err := c.idempotent(ctx, cl, op, func() (*http.Request, error) {
		return gen.NewRetrieveMessageBatchRequest(c.base.String(), id, &gen.RetrieveMessageBatchParams{AnthropicVersion: cl.version})
	})
	if err != nil {
		return nil, err
	}
	return readBatch(op, resp)
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
// An error is the last thing it gives, except that a batch with an odd field comes together with a
// [*gen.DecodeError].
//
// Nothing is sent before the iteration begins. Each page is retried.
//
// API: GET /v1/messages/batches
func (c *Client) List(ctx context.Context, o ListOptions, opts ...CallOption) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		cl, err := c.newCall(opts)
		if err == nil {
			err = o.check()
		}
		for err == nil {
			var page *page
			if page, err = c.page(ctx, &cl, o); err != nil {
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
	resp, _, err := c.idempotent(ctx, cl, op, func() (*http.Request, error) {
		return gen.NewListMessageBatchesRequest(c.base.String(), params)
	})
	if err != nil {
		return nil, err
	}
	body, err := readAnswer(resp)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	var p page
	if err := json.Unmarshal(body, &p); err != nil || p.Data == nil {
		return nil, unexpectedAnswer(op, resp, body)
	}
	return &p, nil
}

// Cancel asks the service to stop a batch, and returns it as it is then: usually canceling, not yet ended. A batch
// that has ended meanwhile is returned as it is.
//
// Cancel is retried: canceling twice does no harm.
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
	resp, _, err := c.idempotent(ctx, &cl, op, func() (*http.Request, error) {
		return gen.NewCancelMessageBatchRequest(c.base.String(), id, &gen.CancelMessageBatchParams{AnthropicVersion: cl.version})
	})
	if errors.Is(err, ErrInvalidRequest) || errors.Is(err, ErrConflict) {
		if b, getErr := c.get(ctx, &cl, id); getErr == nil && b.Ended() {
			return b, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return readBatch(op, resp)
}

// Delete deletes a batch that has ended, and its results.
//
// Delete is retried. If an attempt may have reached the service and a later one finds no such batch, the deletion
// has succeeded.
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
	resp, ambiguous, err := c.idempotent(ctx, &cl, op, func() (*http.Request, error) {
		return gen.NewDeleteMessageBatchRequest(c.base.String(), id, &gen.DeleteMessageBatchParams{AnthropicVersion: cl.version})
	})
	if ambiguous && errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	body, err := readAnswer(resp)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	var deleted gen.BetaDeletedMessageBatch
	if err := deleted.UnmarshalJSON(body); err != nil {
		return unexpectedAnswer(op, resp, body)
	}
	return nil
}

// readBatch reads an answer that is a batch. Whatever is odd about it, a batch with an id is returned.
func readBatch(op string, resp *http.Response) (*Batch, error) {
	body, err := readAnswer(resp)
	b, decodeErr := decodeBatch(body)
	switch {
	case b.ID == "" && err != nil:
		return nil, fmt.Errorf("%s: read answer: %w", op, err)
	case b.ID == "":
		return nil, unexpectedAnswer(op, resp, body)
	case err != nil:
		return b, fmt.Errorf("%s: read answer: %w", op, err)
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
	if len(body) > maxErrorBody {
		body = body[:maxErrorBody]
	}
	e := parseAPIError(op, resp, body, time.Now())
	if e.Detail == nil {
		e.Message = "answer is not what the contract says"
		if len(bytes.TrimSpace(body)) == 0 {
			e.Message = "answer has an empty body"
		}
	}
	return e
}
