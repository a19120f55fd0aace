package client_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// advice returns what a person can do about an error. Temporary failures have been retried several times by then.
func advice(err error) string {
	switch {
	case errors.Is(err, client.ErrSpendLimit): // before ErrBilling and ErrRateLimited, because it is one of those too
		return "raise the spend limit"
	case errors.Is(err, client.ErrBilling):
		return "look at the billing settings"
	case errors.Is(err, client.ErrAuthentication):
		return "look at the API key"
	case errors.Is(err, client.ErrPermission):
		return "the key may not do this: use another workspace or key"
	case errors.Is(err, client.ErrNotFound):
		return "look at the batch id and the workspace"
	case errors.Is(err, client.ErrRequestTooLarge):
		return "make the batch smaller"
	case errors.Is(err, client.ErrInvalidRequest):
		return "fix the request"
	case errors.Is(err, client.ErrRateLimited), errors.Is(err, client.ErrOverloaded), errors.Is(err, client.ErrConflict),
		errors.Is(err, client.ErrAPI), errors.Is(err, client.ErrTimeout):
		return "try again later"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "the program has ended the call"
	}
	return "look at the network" // there was no response
}

func Example_errorKinds() {
	const limit = `{"type":"error","error":{"type":"rate_limit_error","message":"No more.","details":{"error_code":"enforced_spend_limit_reached"}}}`
	service := batchtest.Start()
	service.Inject(batchtest.Get,
		batchtest.Status(429, limit),
		batchtest.Status(413, "<h1>Too large</h1>"), // from a proxy: kinds do not need the API's JSON
		batchtest.Fail(401, "authentication_error", "Who are you?"),
		batchtest.Fail(403, "permission_error", "Not you."),
		batchtest.Fail(529, "overloaded_error", "Busy."),
		batchtest.Fail(418, "teapot_error", "Short and stout."), // newer than the contract
		nil, // no such batch
		batchtest.DropBefore(),
	)
	c := service.Client()
	for range 8 {
		_, err := c.Get(context.Background(), "msgbatch_1", client.WithRetry(client.Retry{MaxAttempts: 1}))
		fmt.Println(advice(err))
	}
	// Output:
	// raise the spend limit
	// make the batch smaller
	// look at the API key
	// the key may not do this: use another workspace or key
	// try again later
	// fix the request
	// look at the batch id and the workspace
	// look at the network
}
