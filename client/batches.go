package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/seed-111a911e/messagebatches/gen"
)

// Get returns a batch as it is now. It is retried.
//
// The error is an [*APIError] if the service refused, of kind [ErrNotFound] if there is no batch with this ID.
//
// API: GET /v1/messages/batches/{message_batch_id}
func (c *Client) Get(ctx context.Context, id string, opts ...CallOption) (*Batch, error) {
	cl, err := c.newCall(opGet, opts)
	if err != nil {
		return nil, err
	}
	return observe(ctx, &cl, id, func(ctx context.Context) (*Batch, error) { return c.get(ctx, &cl, id) })
}

func (c *Client) get(ctx context.Context, cl *call, id string) (*Batch, error) {
	return c.callForBatch(ctx, cl, id, func() (*http.Request, error) {
		return gen.NewRetrieveMessageBatchRequest(c.s().base.String(), id, &gen.RetrieveMessageBatchParams{AnthropicVersion: cl.version})
	})
}

// callForBatch makes an idempotent call whose response is the batch with the given ID.
func (c *Client) callForBatch(ctx context.Context, cl *call, id string, build func() (*http.Request, error)) (batch *Batch, err error) {
	if err := checkID(id); err != nil {
		return nil, localError{fmt.Errorf("%s: %w", cl.op, err)}
	}
	_, err = c.idempotent(ctx, cl, id, build, func(resp *http.Response) error {
		body, err := readBody(cl.op.String(), resp)
		if err != nil {
			return err
		}
		b, ok := parseBatch(body)
		switch {
		case !ok || len(b.Raw) == 0: // a truncated batch may lack its counts
			return unexpectedResponse(cl.op.String(), resp, body)
		case b.ID != id:
			return wrongBatch(cl.op.String(), resp, body)
		}
		batch = b
		return nil
	})
	if err != nil {
		return nil, err
	}
	c.s().known.add(id)
	return batch, nil
}

// wrongBatch returns the error of a response that describes another batch than the one requested.
func wrongBatch(op string, resp *http.Response, body []byte) *APIError {
	e := unexpectedResponse(op, resp, body)
	e.Message = "response describes another batch"
	return e
}

// Cancel asks the service to cancel a batch, and returns its new state: usually canceling, not yet ended. Requests that
// have finished keep their results. A batch that has ended in the meantime is returned unchanged. Cancel is retried,
// because it is idempotent.
//
// The error is an [*APIError] if the service refused, of kind [ErrNotFound] if there is no batch with this ID.
//
// API: POST /v1/messages/batches/{message_batch_id}/cancel
func (c *Client) Cancel(ctx context.Context, id string, opts ...CallOption) (*Batch, error) {
	cl, err := c.newCall(opCancel, opts)
	if err != nil {
		return nil, err
	}
	return observe(ctx, &cl, id, func(ctx context.Context) (*Batch, error) { return c.cancel(ctx, &cl, id) })
}

func (c *Client) cancel(ctx context.Context, cl *call, id string) (*Batch, error) {
	batch, err := c.callForBatch(ctx, cl, id, func() (*http.Request, error) {
		return gen.NewCancelMessageBatchRequest(c.s().base.String(), id, &gen.CancelMessageBatchParams{AnthropicVersion: cl.version})
	})
	var apiErr *APIError
	if errors.As(err, &apiErr) && apiErr.StatusCode/100 == 4 { // the status for an ended batch is not documented
		if b, getErr := c.get(ctx, cl, id); getErr == nil && b.Ended() {
			return b, nil
		}
	}
	return batch, err
}

// Delete deletes a batch that has ended, and its results. A running batch must be canceled first, and must have ended:
// until then Delete returns an [*APIError].
//
// Delete is retried, also after a 404 for a batch that this client has seen in the last 5 minutes, because that may be
// temporary. If the API still does not find the batch, Delete returns nil if an earlier attempt may have reached the
// service, and otherwise an error of kind [ErrNotFound].
//
// API: DELETE /v1/messages/batches/{message_batch_id}
func (c *Client) Delete(ctx context.Context, id string, opts ...CallOption) error {
	cl, err := c.newCall(opDelete, opts)
	if err != nil {
		return err
	}
	_, err = observe(ctx, &cl, id, func(ctx context.Context) (none struct{}, err error) { return none, c.delete(ctx, &cl, id) })
	return err
}

func (c *Client) delete(ctx context.Context, cl *call, id string) error {
	op := cl.op.String()
	if err := checkID(id); err != nil {
		return localError{fmt.Errorf("%s: %w", op, err)}
	}
	ambiguous, err := c.idempotent(ctx, cl, id, func() (*http.Request, error) {
		return gen.NewDeleteMessageBatchRequest(c.s().base.String(), id, &gen.DeleteMessageBatchParams{AnthropicVersion: cl.version})
	}, func(resp *http.Response) error {
		body, err := readBody(op, resp)
		if err != nil {
			return err
		}
		var deleted gen.BetaDeletedMessageBatch
		if err := deleted.UnmarshalJSON(body); err != nil {
			return unexpectedResponse(op, resp, body)
		}
		if deleted.ID != id {
			return wrongBatch(op, resp, body)
		}
		return nil
	})
	if ambiguous && isMissing(err) {
		err = nil
	}
	if err == nil {
		c.s().known.remove(id)
	}
	return err
}
