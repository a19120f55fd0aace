package bulk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A complete program: split, create, match, resend requests that may succeed next time, and add up the cost.
func Example() {
	greeting := func(id string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 1024,
			Messages:  []client.InputMessage{client.UserText("Hello from " + id)},
		}}
	}
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0)) // a fake service; a program uses client.New
	service.Answer("b", batchtest.InTurn(batchtest.Errored(&client.OverloadedError{Message: "Overloaded."}), batchtest.Text("Hello, b, at last")))
	c := service.Client()

	file, err := os.CreateTemp("", "batches") // the IDs of all batches, so that results can be read after a crash
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	attempts := make(map[string]int) // of each request so far
	var totals bulk.Totals
	for next := []client.Request{greeting("a"), greeting("b"), greeting("c")}; len(next) > 0; {
		var results []iter.Seq2[*client.Item, error]
		for batch, err := range bulk.Split(slices.Values(next), bulk.Limits{MaxRequests: 2}) {
			if err != nil {
				log.Print(err) // requests that fit no batch; all others have been sent
				break
			}
			created, err := c.Create(ctx, batch)
			if err != nil {
				log.Fatal(err)
			}
			if _, err := fmt.Fprintln(file, created.ID); err != nil {
				log.Fatal(err)
			}
			if _, err := c.Wait(ctx, created.ID, client.WithPollInterval(time.Millisecond, 0)); err != nil {
				log.Fatal(err)
			}
			results = append(results, c.Results(ctx, created.ID))
		}
		matches := bulk.MatchInOrder(bulk.ByID(slices.Values(next)), nil, results...)
		next = nil
		for d, err := range bulk.FollowUp(matches, attempts, bulk.Policy{}) {
			if err != nil {
				log.Fatal(err)
			}
			totals.Add(d.Item)
			if d.Again {
				next = append(next, d.Input)
				attempts[d.CustomID] = d.Attempts
			}
			fmt.Printf("%s: %s (attempt %d, again: %v)\n", d.CustomID, d.Reason, d.Attempts, d.Again)
		}
	}
	cost, err := totals.Cost(bulk.Prices{Models: map[client.Model]bulk.Price{client.ModelClaudeOpus5: {Input: 5, Output: 25}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(totals.Results["succeeded"], "succeeded for", cost)
	// Output:
	// a: succeeded (attempt 1, again: false)
	// b: overloaded_error (attempt 1, again: true)
	// c: succeeded (attempt 1, again: false)
	// b: succeeded (attempt 2, again: false)
	// 3 succeeded for 0.0003325
}

func ExampleSplit() {
	greeting := func(id string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 1024,
			Messages:  []client.InputMessage{client.UserText("Hello from " + id)},
		}}
	}
	large := greeting("large")
	large.Params.Messages = []client.InputMessage{client.UserText(strings.Repeat("Hello, world. ", 100))}
	requests := []client.Request{greeting("a"), greeting("b"), large, greeting("c"), greeting("a"), greeting("d")}

	for batch, err := range bulk.Split(slices.Values(requests), bulk.Limits{MaxRequests: 3, MaxBytes: 1000}) {
		var left *bulk.LeftOutError
		switch {
		case errors.As(err, &left): // always the last
			for _, r := range left.First {
				fmt.Println("omitted:", r)
			}
		case err != nil:
			log.Fatal(err)
		default:
			for _, r := range batch {
				fmt.Print(r.CustomID, " ")
			}
			fmt.Println("make a batch")
		}
	}
	// Output:
	// a b c make a batch
	// d make a batch
	// omitted: request 2 (request "large"): request too large for any batch: at most 985 bytes
	// omitted: request 4 (request "a"): duplicate custom id
}

func ExampleSplitLines() {
	ctx := context.Background()
	service := batchtest.Start()
	c := service.Client()
	file := strings.NewReader(`{"custom_id": "a", "params": {"model": "claude-opus-5"}}
{"custom_id": "b", "params": {"model": "claude-opus-5"}}
{"custom_id": "c", "params": {"model": "claude-opus-5"
{"custom_id": "d", "params": {"model": "claude-opus-5"}}
`)
	for s, err := range bulk.SplitLines(file, bulk.Limits{}) {
		if err != nil {
			fmt.Println(err) // the last error; everything else has been sent
			break
		}
		fmt.Printf("%d requests from line %d, bytes %d to %d\n", s.Requests, s.Line, s.Offset, s.Offset+s.Bytes)
		batch, err := c.CreateLines(ctx, io.NewSectionReader(file, s.Offset, s.Bytes))
		if err != nil {
			log.Fatal(err)
		}
		for _, r := range service.Requests(batch.ID) {
			fmt.Println("sent", r.CustomID)
		}
	}
	// Output:
	// 2 requests from line 1, bytes 0 to 114
	// sent a
	// sent b
	// 1 requests from line 4, bytes 169 to 226
	// sent d
	// requests omitted: 1 (line 3 (request "c"): malformed request: not one whole JSON object, at byte 54: unexpected EOF)
}

func ExampleReadRequests() {
	file := strings.NewReader(`{"custom_id": "a", "params": {"model": "claude-opus-5", "max_tokens": 10, "messages": []}}
{"custom_id": "b", "params": {"model": "claude-opus-5"
{"custom_id": "c", "params": {"model": "claude-opus-5", "newer_than_this_version": true}}
`)
	for r, err := range bulk.ReadRequests(file) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(r.CustomID, r.Params.Model, r.Params.Extra)
	}
	// Output:
	// a claude-opus-5 map[]
	// c claude-opus-5 map[newer_than_this_version:true]
	// requests omitted: 1 (line 2 (request "b"): malformed request: not one whole JSON object, at byte 54: unexpected EOF)
}

func ExampleMatch() {
	greeting := func(id string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 1024,
			Messages:  []client.InputMessage{client.UserText("Hello from " + id)},
		}}
	}
	send := func(ctx context.Context, c *client.Client, requests ...client.Request) iter.Seq2[*client.Item, error] {
		batch, err := c.Create(ctx, requests)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(ctx, batch.ID, client.WithPollInterval(time.Millisecond, 0)); err != nil {
			log.Fatal(err)
		}
		return c.Results(ctx, batch.ID)
	}
	ctx := context.Background()
	c := batchtest.Start(batchtest.WithDuration(0)).Client()
	first, second := send(ctx, c, greeting("a"), greeting("b")), send(ctx, c, greeting("c"), greeting("z"))

	cities := map[string]string{"a": "Amsterdam", "b": "Berlin", "c": "Cairo", "d": "Delhi"} // the caller's inputs by ID
	for m, err := range bulk.Match(maps.All(cities), first, second) {
		if err != nil {
			fmt.Println("in all:", err)
			break
		}
		if err := m.Err(); err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%s: %s\n", m.Input, m.Item.Text())
	}
	// Unordered output:
	// Amsterdam: You said: Hello from a
	// Berlin: You said: Hello from b
	// Cairo: You said: Hello from c
	// request "z": result without an input
	// request "d": no result
	// in all: match: missing results: 1, results without an input: 1 (request "z": result without an input; request "d": no result)
}

func ExampleMatchInOrder() {
	greeting := func(id string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 1024,
			Messages:  []client.InputMessage{client.UserText("Hello from " + id)},
		}}
	}
	send := func(ctx context.Context, c *client.Client, requests ...client.Request) iter.Seq2[*client.Item, error] {
		batch, err := c.Create(ctx, requests)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(ctx, batch.ID, client.WithPollInterval(time.Millisecond, 0)); err != nil {
			log.Fatal(err)
		}
		return c.Results(ctx, batch.ID)
	}
	ctx := context.Background()
	c := batchtest.Start(batchtest.WithDuration(0)).Client()
	requests := []client.Request{greeting("a"), greeting("b"), greeting("c"), greeting("d")}
	results := send(ctx, c, requests...) // in any order

	store, err := os.CreateTemp("", "results")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(store.Name())
	defer store.Close()
	for m, err := range bulk.MatchInOrder(bulk.ByID(slices.Values(requests)), store, results) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.CustomID, m.Item.Text())
	}
	// Output:
	// a You said: Hello from a
	// b You said: Hello from b
	// c You said: Hello from c
	// d You said: Hello from d
}

func ExampleReadItems() {
	greeting := func(id string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 1024,
			Messages:  []client.InputMessage{client.UserText("Hello from " + id)},
		}}
	}
	send := func(ctx context.Context, c *client.Client, requests ...client.Request) iter.Seq2[*client.Item, error] {
		batch, err := c.Create(ctx, requests)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(ctx, batch.ID, client.WithPollInterval(time.Millisecond, 0)); err != nil {
			log.Fatal(err)
		}
		return c.Results(ctx, batch.ID)
	}
	ctx := context.Background()
	c := batchtest.Start(batchtest.WithDuration(0)).Client()

	var file bytes.Buffer
	for item, err := range send(ctx, c, greeting("a"), greeting("b")) {
		if err != nil {
			log.Fatal(err)
		}
		file.Write(append(item.Raw, '\n'))
	}
	for item, err := range bulk.ReadItems(&file) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.CustomID, item.Text())
	}
	// Unordered output:
	// a You said: Hello from a
	// b You said: Hello from b
}

func ExampleFollowUp() {
	greeting := func(id string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 1024,
			Messages:  []client.InputMessage{client.UserText("Hello from " + id)},
		}}
	}
	send := func(ctx context.Context, c *client.Client, requests ...client.Request) iter.Seq2[*client.Item, error] {
		batch, err := c.Create(ctx, requests)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(ctx, batch.ID, client.WithPollInterval(time.Millisecond, 0)); err != nil {
			log.Fatal(err)
		}
		return c.Results(ctx, batch.ID)
	}
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Answer("b", batchtest.Errored(&client.OverloadedError{Message: "Overloaded."}))
	service.Answer("c", batchtest.Errored(&client.InvalidRequestError{Message: "No such thing."}))
	service.Answer("d", batchtest.Raw(`{"type":"expired"}`))
	c := service.Client()
	requests := []client.Request{greeting("a"), greeting("b"), greeting("c"), greeting("d"), greeting("e")}
	results := send(ctx, c, requests[:4]...)

	attempts := map[string]int{"d": 2} // d has been in two batches before
	var next []client.Request
	for d, err := range bulk.FollowUp(bulk.MatchInOrder(bulk.ByID(slices.Values(requests)), nil, results), attempts, bulk.Policy{}) {
		if err != nil {
			log.Fatal(err)
		}
		if d.Again {
			next = append(next, d.Input)
		}
		fmt.Printf("%s: %s, again: %v, given up: %v\n", d.CustomID, d.Reason, d.Again, d.GivenUp)
	}
	fmt.Println(len(next), "request in the next batch")
	// Output:
	// a: succeeded, again: false, given up: false
	// b: overloaded_error, again: true, given up: false
	// c: invalid_request_error, again: false, given up: false
	// d: expired, again: false, given up: true
	// e: missing, again: false, given up: false
	// 1 request in the next batch
}

func ExamplePolicy_Again() {
	greeting := func(id string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 1024,
			Messages:  []client.InputMessage{client.UserText("Hello from " + id)},
		}}
	}
	send := func(ctx context.Context, c *client.Client, requests ...client.Request) iter.Seq2[*client.Item, error] {
		batch, err := c.Create(ctx, requests)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(ctx, batch.ID, client.WithPollInterval(time.Millisecond, 0)); err != nil {
			log.Fatal(err)
		}
		return c.Results(ctx, batch.ID)
	}
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Answer("a", batchtest.Errored(&client.RateLimitError{Message: "Slow down."}))
	service.Answer("b", batchtest.Errored(&client.BillingError{Message: "Pay first."}))
	for item, err := range send(ctx, service.Client(), greeting("a"), greeting("b")) {
		if err != nil {
			log.Fatal(err)
		}
		again, reason := bulk.Policy{}.Again(item)
		fmt.Println(item.CustomID, again, reason)
	}
	// Unordered output:
	// a true rate_limit_error
	// b false billing_error
}

func ExampleTotals_Cost() {
	greeting := func(id string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 1024,
			Messages:  []client.InputMessage{client.UserText("Hello from " + id)},
		}}
	}
	send := func(ctx context.Context, c *client.Client, requests ...client.Request) iter.Seq2[*client.Item, error] {
		batch, err := c.Create(ctx, requests)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(ctx, batch.ID, client.WithPollInterval(time.Millisecond, 0)); err != nil {
			log.Fatal(err)
		}
		return c.Results(ctx, batch.ID)
	}
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Answer("a", batchtest.Message(client.Message{Usage: client.Usage{
		InputTokens: 12_000, OutputTokens: 3_000, CacheReadInputTokens: new(int64(40_000)),
		CacheCreation: &gen.BetaCacheCreation{Ephemeral1hInputTokens: 20_000},
		ServerToolUse: &gen.BetaServerToolUsage{WebSearchRequests: 2},
		Iterations:    []gen.BetaUsageIteration{&gen.BetaAdvisorMessageIterationUsage{Model: "claude-fable-5", InputTokens: 800, OutputTokens: 200}},
	}}))

	var totals bulk.Totals
	for item, err := range send(ctx, service.Client(), greeting("a")) {
		if err != nil {
			log.Fatal(err)
		}
		totals.Add(item)
	}
	prices := bulk.Prices{ // list prices
		Models:      map[client.Model]bulk.Price{client.ModelClaudeOpus5: {Input: 5, CacheWrite5m: 6.25, CacheWrite1h: 10, CacheRead: 0.5, Output: 25}},
		ServerTools: map[string]float64{"web_search_requests": 0.01},
	}
	_, err := totals.Cost(prices)
	if missing, ok := errors.AsType[*bulk.PriceError](err); ok {
		fmt.Println(missing.Rest, "for the rest:", err)
	}

	prices.Models["claude-fable-5"] = bulk.Price{Input: 10, Output: 50}
	cost, err := totals.Cost(prices)
	fmt.Println(cost, err)
	// Output:
	// 0.1975 for the rest: no price for claude-fable-5 (800 input, 200 output tokens)
	// 0.2065 <nil>
}

// Several goroutines each have their own Totals.
func ExampleTotals_Merge() {
	greeting := func(id string) client.Request {
		return client.Request{CustomID: id, Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 1024,
			Messages:  []client.InputMessage{client.UserText("Hello from " + id)},
		}}
	}
	send := func(ctx context.Context, c *client.Client, requests ...client.Request) iter.Seq2[*client.Item, error] {
		batch, err := c.Create(ctx, requests)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(ctx, batch.ID, client.WithPollInterval(time.Millisecond, 0)); err != nil {
			log.Fatal(err)
		}
		return c.Results(ctx, batch.ID)
	}
	ctx := context.Background()
	c := batchtest.Start(batchtest.WithDuration(0)).Client()
	var all bulk.Totals
	fmt.Println(all.IsZero())
	for _, id := range []string{"a", "b"} {
		var one bulk.Totals
		for item, err := range send(ctx, c, greeting(id)) {
			if err != nil {
				log.Fatal(err)
			}
			one.Add(item)
		}
		all.Merge(one)
	}
	before := all.Clone()
	all.Merge(before)
	fmt.Println(before.Results["succeeded"], all.Results["succeeded"])
	fmt.Println(before.Tokens().Input > 0, all.Tokens().Input == 2*before.Tokens().Input)
	fmt.Println(bulk.Money(1_500_000_000), bulk.Money(1_500_000_000).Float64())
	// Output:
	// true
	// 2 4
	// true true
	// 1.50 1.5
}
