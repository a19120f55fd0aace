package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A program only has to store the ID of a batch: another one can wait for it and read its results, for 29 days.
func ExampleClient_Results() {
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(time.Hour))
	dir, err := os.MkdirTemp("", "batch")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "batch-id")

	send := func() error {
		var requests []client.Request
		for i := range 2 {
			requests = append(requests, client.Request{CustomID: fmt.Sprintf("r%d", i), Params: client.Params{
				Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText("Hello")},
			}})
		}
		batch, err := service.Client().Create(ctx, requests)
		if err != nil {
			return err
		}
		return os.WriteFile(file, []byte(batch.ID+"\n"), 0o600)
	}
	fetch := func() error {
		id, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for item, err := range service.Client().Results(ctx, strings.TrimSpace(string(id))) {
			if err != nil {
				return err
			}
			fmt.Println(item.CustomID, item.Text())
		}
		return nil
	}

	if err := send(); err != nil {
		log.Fatal(err)
	}
	if err := fetch(); errors.Is(err, client.ErrNotEnded) { // or Wait first
		fmt.Println("later")
	}
	service.Advance(2 * time.Hour)
	if err := fetch(); err != nil {
		log.Fatal(err)
	}
	service.Advance(30 * 24 * time.Hour)
	if err := fetch(); errors.Is(err, client.ErrResultsGone) {
		fmt.Println("too late")
	}
	// Unordered output:
	// later
	// r0 You said: Hello
	// r1 You said: Hello
	// too late
}
