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

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/gen"
)

// greeting returns a request with one text.
func greeting(id string) client.Request {
	return client.Request{CustomID: id, Params: client.Params{
		Model:     gen.ModelClaudeOpus5,
		MaxTokens: 1024,
		Messages:  []client.InputMessage{client.UserText("Hello from " + id)},
	}}
}

// send creates a batch and returns its results.
func send(ctx context.Context, c *client.Client, requests ...client.Request) iter.Seq2[*client.Item, error] {
	batch, err := c.Create(ctx, client.BatchParams{Requests: requests})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Wait(ctx, batch.ID, client.WaitOptions{}); err != nil {
		log.Fatal(err)
	}
	return c.Results(ctx, batch.ID)
}

// A whole program: split, send, match, send again what may go better, add up.
func Example() {
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0)) // the real service, without the options that lead to the fake
	service.Answer("b", batchtest.InTurn(batchtest.Errored(&gen.BetaOverloadedError{Message: "Overloaded."}), batchtest.Text("Hello, b, at last")))
	c := fakeClient(service)

	attempts := make(map[string]int) // of each request so far
	var totals bulk.Totals
	for next := []client.Request{greeting("a"), greeting("b"), greeting("c")}; len(next) > 0; {
		var ids []string
		for batch, err := range bulk.Split(slices.Values(next), bulk.Limits{MaxRequests: 2}) {
			if err != nil {
				log.Print(err) // a request that fits no batch; the rest goes on
				continue
			}
			created, err := c.Create(ctx, client.BatchParams{Requests: batch})
			if err != nil {
				log.Fatal(err)
			}
			ids = append(ids, created.ID)
		}
		var results []iter.Seq2[*client.Item, error]
		for _, id := range ids {
			if _, err := c.Wait(ctx, id, client.WaitOptions{}); err != nil {
				log.Fatal(err)
			}
			results = append(results, c.Results(ctx, id))
		}
		var again []client.Request
		matches := bulk.MatchInOrder(bulk.ByID(slices.Values(next)), nil, results...)
		for d, err := range bulk.FollowUp(matches, attempts, bulk.Policy{}) {
			if err != nil {
				log.Print(err)
			}
			if d.Reason == "" {
				continue // the error was all: there is no decision
			}
			totals.Add(d.Item)
			if d.Again {
				again = append(again, d.Input)
				attempts[d.CustomID] = d.Attempts
			}
			fmt.Printf("%s: %s (attempt %d, again: %v)\n", d.CustomID, d.Reason, d.Attempts, d.Again)
		}
		next = again
	}
	cost, err := totals.Cost(bulk.Prices{Models: map[gen.Model]bulk.Price{gen.ModelClaudeOpus5: {Input: 5, Output: 25}}})
	fmt.Println(totals.Results["succeeded"], "succeeded for", cost, err)
	// Output:
	// a: succeeded (attempt 1, again: false)
	// b: overloaded_error (attempt 1, again: true)
	// c: succeeded (attempt 1, again: false)
	// b: succeeded (attempt 2, again: false)
	// 3 succeeded for 0.0003325 <nil>
}

func ExampleSplit() {
	large := greeting("large")
	large.Params.Messages = []client.InputMessage{client.UserText(strings.Repeat("Hello, world. ", 100))}
	requests := []client.Request{greeting("a"), greeting("b"), large, greeting("c"), greeting("a"), greeting("d")}

	for batch, err := range bulk.Split(slices.Values(requests), bulk.Limits{MaxRequests: 3, MaxBytes: 1000}) {
		if errors.Is(err, bulk.ErrTooLarge) {
			fmt.Println("shorten it:", err)
			continue
		}
		if err != nil {
			fmt.Println(err)
			continue
		}
		for _, r := range batch {
			fmt.Print(r.CustomID, " ")
		}
		fmt.Println("make a batch")
	}
	// Output:
	// shorten it: request 2 (request "large"): request too large for any batch: at most 985 bytes
	// request 4 (request "a"): custom id has been there before
	// a b c make a batch
	// d make a batch
}

func ExampleSplitLines() {
	ctx := context.Background()
	service := batchtest.Start()
	c := fakeClient(service)
	file := strings.NewReader(`{"custom_id": "a", "params": {"model": "claude-opus-5"}}
{"custom_id": "b", "params": {"model": "claude-opus-5"}}
{"custom_id": "c", "params": {"model": "claude-opus-5"
{"custom_id": "d", "params": {"model": "claude-opus-5"}}
`)
	for s, err := range bulk.SplitLines(file, bulk.Limits{}) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%d requests from line %d, bytes %d to %d\n", s.Requests, s.Line, s.Offset, s.Offset+s.Bytes)
		batch, err := c.CreateJSON(ctx, io.NewSectionReader(file, s.Offset, s.Bytes))
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
	// line 3 (request "c"): malformed request: not one whole JSON object, at byte 54: unexpected EOF
	// 1 requests from line 4, bytes 169 to 226
	// sent d
}

func ExampleMatch() {
	ctx := context.Background()
	c := fakeClient(batchtest.Start(batchtest.WithDuration(0)))
	first, second := send(ctx, c, greeting("a"), greeting("b")), send(ctx, c, greeting("c"), greeting("z"))

	cities := map[string]string{"a": "Amsterdam", "b": "Berlin", "c": "Cairo", "d": "Delhi"} // what the caller keeps by id
	for m, err := range bulk.Match(maps.All(cities), first, second) {
		switch {
		case errors.Is(err, bulk.ErrMissing):
			fmt.Println("no result:", m.Input)
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Printf("%s: %s\n", m.Input, m.Item.Text())
		}
	}
	// Unordered output:
	// Amsterdam: You said: Hello from a
	// Berlin: You said: Hello from b
	// Cairo: You said: Hello from c
	// match (request "z"): result of no input
	// no result: Delhi
}

func ExampleMatchInOrder() {
	ctx := context.Background()
	c := fakeClient(batchtest.Start(batchtest.WithDuration(0)))
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
			log.Print(err)
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
	ctx := context.Background()
	c := fakeClient(batchtest.Start(batchtest.WithDuration(0)))

	var file bytes.Buffer
	for item, err := range send(ctx, c, greeting("a"), greeting("b")) {
		if err != nil {
			log.Print(err)
		}
		if item != nil {
			file.Write(append(item.Raw, '\n'))
		}
	}
	for item, err := range bulk.ReadItems(&file) {
		if err != nil {
			log.Print(err)
		}
		if item != nil {
			fmt.Println(item.CustomID, item.Text())
		}
	}
	// Unordered output:
	// a You said: Hello from a
	// b You said: Hello from b
}

func ExampleFollowUp() {
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Answer("b", batchtest.Errored(&gen.BetaOverloadedError{Message: "Overloaded."}))
	service.Answer("c", batchtest.Errored(&gen.BetaInvalidRequestError{Message: "No such thing."}))
	service.Answer("d", batchtest.Raw(`{"type":"expired"}`))
	c := fakeClient(service)
	requests := []client.Request{greeting("a"), greeting("b"), greeting("c"), greeting("d"), greeting("e")}
	results := send(ctx, c, requests[:4]...)

	attempts := map[string]int{"d": 2} // d has been in two batches before
	var next []client.Request
	for d, err := range bulk.FollowUp(bulk.MatchInOrder(bulk.ByID(slices.Values(requests)), nil, results), attempts, bulk.Policy{}) {
		if err != nil {
			log.Print(err)
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
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Answer("a", batchtest.Errored(&gen.BetaRateLimitError{Message: "Slow down."}))
	service.Answer("b", batchtest.Errored(&gen.BetaBillingError{Message: "Pay first."}))
	for item, err := range send(ctx, fakeClient(service), greeting("a"), greeting("b")) {
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
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	service.Answer("a", batchtest.Message(gen.BetaMessage{Usage: gen.BetaUsage{
		InputTokens: 12_000, OutputTokens: 3_000, CacheReadInputTokens: new(int64(40_000)),
		CacheCreation: &gen.BetaCacheCreation{Ephemeral1hInputTokens: 20_000},
		ServerToolUse: &gen.BetaServerToolUsage{WebSearchRequests: 2},
		Iterations:    []gen.BetaUsageIteration{&gen.BetaAdvisorMessageIterationUsage{Model: "claude-fable-5", InputTokens: 800, OutputTokens: 200}},
	}}))

	var totals bulk.Totals
	for item, err := range send(ctx, fakeClient(service), greeting("a")) {
		if err != nil {
			log.Print(err)
		}
		totals.Add(item)
	}
	prices := bulk.Prices{ // list prices
		Models:      map[gen.Model]bulk.Price{gen.ModelClaudeOpus5: {Input: 5, CacheWrite5m: 6.25, CacheWrite1h: 10, CacheRead: 0.5, Output: 25}},
		ServerTools: map[string]float64{"web_search_requests": 0.01},
	}
	cost, err := totals.Cost(prices)
	fmt.Println(cost, "without the rest:", err)

	prices.Models["claude-fable-5"] = bulk.Price{Input: 10, Output: 50}
	cost, err = totals.Cost(prices)
	fmt.Println(cost, err)
	// Output:
	// 0.1975 without the rest: no price for claude-fable-5 (800 input, 200 output tokens)
	// 0.2065 <nil>
}

// Each of several goroutines has Totals of its own.
func ExampleTotals_Merge() {
	ctx := context.Background()
	c := fakeClient(batchtest.Start(batchtest.WithDuration(0)))
	var all bulk.Totals
	fmt.Println(all.IsZero())
	for _, id := range []string{"a", "b"} {
		var one bulk.Totals
		for item, err := range send(ctx, c, greeting(id)) {
			if err != nil {
				log.Print(err)
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
