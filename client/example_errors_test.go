package client_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

func ExampleAPIError() {
	service := batchtest.Start()
	service.Inject(batchtest.Get, batchtest.Fail(429, "rate_limit_error", "Slow down."))
	_, err := service.Client().Get(context.Background(), "msgbatch_1", client.WithRetry(client.Retry{MaxAttempts: 1}))

	var limited *client.RateLimitError
	if errors.As(err, &limited) { // by type
		fmt.Println(limited.Message)
	}
	if errors.Is(err, client.ErrRateLimited) { // by kind, also if the response is not the API's JSON
		fmt.Println("rate limited")
	}
	var apiErr *client.APIError
	if errors.As(err, &apiErr) {
		fmt.Println(apiErr.StatusCode, apiErr.Type, apiErr.RequestID)
	}
	// Output:
	// Slow down.
	// rate limited
	// 429 rate_limit_error req_fault
}
