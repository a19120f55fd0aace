package client_test

import (
	"errors"
	"fmt"

	"github.com/seed-111a911e/messagebatches/client"
)

// A succeeded request may hold a message that is not complete.
func ExampleStopError() {
	item := &client.Item{CustomID: "poem-1", Result: &client.SucceededResult{Message: client.Message{
		Content:    []client.ContentBlock{&client.TextBlock{Text: "Roses are"}},
		StopReason: client.StopReasonMaxTokens,
	}}}
	fmt.Println(item.Err(), item.Text())
	if err := item.Message().Err(); errors.Is(err, client.ErrTruncated) {
		fmt.Println(err)
	}
	// Output:
	// <nil> Roses are
	// message is truncated (stop reason "max_tokens")
}
