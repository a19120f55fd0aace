package client

import (
	"context"
	"errors"
	"fmt"
)

// An UncertainError reports that the service may or may not have accepted a batch: its whole body was sent, and no response
// shows the outcome. The batch was not resent (except with [WithAtLeastOnceCreate]), because a batch that exists twice is
// billed twice. Look at Candidates before you resend it.
type UncertainError struct {
	// Err is why the outcome is unknown: an [*APIError] or the failure of the connection.
	Err error

	// BatchID is the ID in a response that otherwise is not a batch. It is usually empty.
	BatchID string

	// Attempt is what is known about the batch, for [Client.Candidates] of this client or another one.
	Attempt Attempt

	client *Client
	call   func() *call // a function, because no fmt verb prints what it returns
}

// Error returns what was sent and why the outcome is unknown.
func (e *UncertainError) Error() string {
	text := fmt.Sprintf("the service may or may not have accepted the batch of %d requests (look at its Candidates before you resend it)", e.Attempt.Requests)
	if e.BatchID != "" {
		text += fmt.Sprintf(", perhaps as %.100q", e.BatchID)
	}
	return fmt.Sprintf("%s: %v", text, e.Err)
}

// Unwrap returns Err.
func (e *UncertainError) Unwrap() error { return e.Err }

// Candidates calls [Client.Candidates] for e.Attempt, with the client and the options of the call that failed. It is safe
// for concurrent use. It returns an error if e was not returned by a Client.
//
// API: GET /v1/messages/batches
func (e *UncertainError) Candidates(ctx context.Context) (Candidates, error) {
	if e.client == nil {
		return Candidates{}, localError{errors.New("candidates: this error was not made by a client")}
	}
	return e.client.candidates(ctx, e.call(), e.Attempt, true)
}
