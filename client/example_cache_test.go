package client_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// The part that all requests share comes first, is the same to the last byte, and ends in a cache breakpoint. The time to
// live is an hour, because the requests of a batch run over a long time. Hits are not certain: usage reports them.
func Example_promptCaching() {
	ctx := context.Background()
	service := batchtest.Start(batchtest.WithDuration(0))
	usage := func(written, read int64) batchtest.Answer { // the fake caches nothing
		return batchtest.Message(client.Message{Usage: client.Usage{
			InputTokens: 9, OutputTokens: 1, CacheCreationInputTokens: &written, CacheReadInputTokens: &read,
		}})
	}
	service.AnswerAll(batchtest.InTurn(usage(5000, 0), usage(0, 5000)))
	c := service.Client()

	handbook := strings.Repeat("Answer by the book. ", 1000)
	var requests []client.Request
	for i, question := range []string{"May I?", "Must I?", "Can I?"} {
		requests = append(requests, client.Request{CustomID: fmt.Sprintf("question-%d", i), Params: client.Params{
			Model:     client.ModelClaudeOpus5,
			MaxTokens: 1024,
			System: client.TextBlocks{{
				Text:         handbook,
				CacheControl: &client.CacheControl{TTL: client.CacheTTLOneHour},
			}},
			Messages: []client.InputMessage{client.UserText(question)},
		}})
	}
	batch, err := c.Create(ctx, requests)
	if err != nil {
		log.Fatal(err)
	}
	var written, read, other int64
	for item, err := range c.Results(ctx, batch.ID) {
		if err != nil {
			log.Fatal(err)
		}
		if m := item.Message(); m != nil {
			if n := m.Usage.CacheCreationInputTokens; n != nil {
				written += *n
			}
			if n := m.Usage.CacheReadInputTokens; n != nil {
				read += *n
			}
			other += m.Usage.InputTokens
		}
	}
	fmt.Println("tokens in:", written, "written,", read, "read,", other, "others")
	sent := string(service.Requests(batch.ID)[2].Raw)
	fmt.Println(sent[strings.Index(sent, `"cache_control"`):][:47])
	// Output:
	// tokens in: 5000 written, 10000 read, 27 others
	// "cache_control":{"type":"ephemeral","ttl":"1h"}
}
