package batchtest_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// The fake's own results fit: JSON fits the output schema, and tool calls the tool's schema.
func ExampleToolCall() {
	run := func(service *batchtest.Service, requests ...client.Request) map[string]*client.Item {
		c := service.Client()
		batch, err := c.Create(context.Background(), requests)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(context.Background(), batch.ID); err != nil {
			log.Fatal(err)
		}
		items := make(map[string]*client.Item)
		for item, err := range c.Results(context.Background(), batch.ID) {
			if err != nil {
				log.Fatal(err)
			}
			items[item.CustomID] = item
		}
		return items
	}
	question := func(customID, text string) client.Request {
		return client.Request{CustomID: customID, Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(text)},
		}}
	}
	schema := jsontext.Value(`{"type":"object","properties":{"name":{"enum":["Zürich","Oslo"]}},"required":["name"],"additionalProperties":false}`)
	city := func(text string) bool { return text == `{"name":"Zürich"}` || text == `{"name":"Oslo"}` }

	structured := question("q-1", "Where is it?")
	structured.Params.OutputConfig = &client.OutputConfig{Format: &client.JSONOutputFormat{Schema: schema}}
	tool := question("q-2", "Do I need an umbrella?")
	tool.Params.Tools = []client.ToolUnion{
		&client.Tool{Name: "get_time", InputSchema: schema},
		&client.Tool{Name: "get_weather", InputSchema: schema},
	}
	service := batchtest.Start()
	service.Answer("q-2", batchtest.ToolCall("get_weather")) // without it, either of the two
	items := run(service, structured, tool)
	fmt.Println(city(items["q-1"].Text()))
	for _, use := range items["q-2"].ToolUses() {
		fmt.Println(use.Name, city(string(use.Input)))
	}
	// Output:
	// true
	// get_weather true
}

func ExampleReadAnswers() {
	run := func(service *batchtest.Service, requests ...client.Request) map[string]*client.Item {
		c := service.Client()
		batch, err := c.Create(context.Background(), requests)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(context.Background(), batch.ID); err != nil {
			log.Fatal(err)
		}
		items := make(map[string]*client.Item)
		for item, err := range c.Results(context.Background(), batch.ID) {
			if err != nil {
				log.Fatal(err)
			}
			items[item.CustomID] = item
		}
		return items
	}
	question := func(customID, text string) client.Request {
		return client.Request{CustomID: customID, Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(text)},
		}}
	}
	answers, err := batchtest.ReadAnswers(strings.NewReader(`
{"custom_id":"q-1","text":"Forty-two."}
{"contains":"poem","truncated":"Shall I compare thee to a"}
{"error":{"type":"overloaded_error","message":"Busy."}}
`))
	if err != nil {
		log.Fatal(err)
	}
	items := run(batchtest.Start(answers), question("q-1", "What is it?"), question("q-2", "Write a poem."), question("q-3", "Hello"))
	fmt.Println(items["q-1"].Text())
	fmt.Println(items["q-2"].Text(), items["q-2"].Message().StopReason)
	fmt.Println(items["q-3"].Err())
	// Output:
	// Forty-two.
	// Shall I compare thee to a max_tokens
	// request "q-3": overloaded_error: Busy.
}

// Requests without a complete message, by custom id and at a rate.
func ExampleWithErrored() {
	run := func(service *batchtest.Service, requests ...client.Request) map[string]*client.Item {
		c := service.Client()
		batch, err := c.Create(context.Background(), requests)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(context.Background(), batch.ID); err != nil {
			log.Fatal(err)
		}
		items := make(map[string]*client.Item)
		for item, err := range c.Results(context.Background(), batch.ID) {
			if err != nil {
				log.Fatal(err)
			}
			items[item.CustomID] = item
		}
		return items
	}
	question := func(customID, text string) client.Request {
		return client.Request{CustomID: customID, Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(text)},
		}}
	}
	service := batchtest.Start(
		batchtest.WithErrored(0.25),
		batchtest.WithExpired(0.25),
		batchtest.WithTruncated(0.25),
		batchtest.WithRefused(0.25),
	)
	service.Answer("long", batchtest.Truncated("Once upon a"))
	service.Answer("rude", batchtest.Refused())
	requests := []client.Request{question("long", "A story"), question("rude", "A joke")}
	for i := range 98 {
		requests = append(requests, question(fmt.Sprint("q-", i), "Hello, world"))
	}
	ends := make(map[string]int)
	items := run(service, requests...)
	for _, item := range items {
		if m := item.Message(); m != nil {
			ends[string(m.StopReason)]++
		} else {
			ends[item.Result.Discriminator()]++
		}
	}
	fmt.Println(items["long"].Message().StopReason, items["rude"].Message().StopReason)
	for _, end := range []string{"end_turn", "max_tokens", "refusal", "errored", "expired"} {
		fmt.Println(end, ends[end] > 3)
	}
	// Output:
	// max_tokens refusal
	// end_turn true
	// max_tokens true
	// refusal true
	// errored true
	// expired true
}

// A request that runs before the others writes their common prefix to the cache. Hits are best effort: here, eight of
// ten requests hit.
func ExampleWithPromptCache() {
	run := func(service *batchtest.Service, requests ...client.Request) map[string]*client.Item {
		c := service.Client()
		batch, err := c.Create(context.Background(), requests)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(context.Background(), batch.ID); err != nil {
			log.Fatal(err)
		}
		items := make(map[string]*client.Item)
		for item, err := range c.Results(context.Background(), batch.ID) {
			if err != nil {
				log.Fatal(err)
			}
			items[item.CustomID] = item
		}
		return items
	}
	question := func(customID, text string) client.Request {
		return client.Request{CustomID: customID, Params: client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024, Messages: []client.InputMessage{client.UserText(text)},
		}}
	}
	service := batchtest.Start(batchtest.WithPromptCache(0.8, 1024))
	handbook := client.TextBlocks{{Text: strings.Repeat("Answer by the book. ", 1000), CacheControl: &client.CacheControl{TTL: client.CacheTTLOneHour}}}
	send := func(n int) (written, read int64) {
		var requests []client.Request
		for i := range n {
			r := question(fmt.Sprint("q-", i), "May I?")
			r.Params.System = handbook
			requests = append(requests, r)
		}
		for _, item := range run(service, requests...) {
			written += *item.Message().Usage.CacheCreationInputTokens
			read += *item.Message().Usage.CacheReadInputTokens
		}
		return written, read
	}
	fmt.Println(send(1))
	service.Advance(10 * time.Minute)
	written, read := send(100)
	fmt.Println(read > 2*written, written+read == 100*4008)
	// Output:
	// 4008 0
	// true true
}
