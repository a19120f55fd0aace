package messages_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/messages"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A conversation over two batches: the model calls a tool, then continues with its result.
func Example() {
	answers := func(ctx context.Context, c *client.Client, asked map[string]client.Params) []*client.Item {
		var requests []client.Request
		for id, p := range asked {
			requests = append(requests, client.Request{CustomID: id, Params: p})
		}
		batch, err := c.Create(ctx, requests)
		if err != nil {
			log.Fatal(err)
		}
		if _, err := c.Wait(ctx, batch.ID); err != nil {
			log.Fatal(err)
		}
		var items []*client.Item
		for item, err := range c.Results(ctx, batch.ID) {
			if err != nil {
				log.Fatal(err)
			}
			items = append(items, item)
		}
		return items
	}
	service := batchtest.Start(batchtest.WithDuration(0)) // a fake, whose answers are scripted
	service.Answer("q-1", batchtest.InTurn(
		batchtest.Message(client.Message{StopReason: client.StopReasonToolUse, Content: []client.ContentBlock{
			&client.ToolUseBlock{ID: "toolu_1", Name: "get_weather", Input: jsontext.Value(`{"name":"Zürich"}`)},
		}}),
		batchtest.Text("Yes, take one."),
	))
	c := service.Client()

	type City struct {
		Name string `json:"name" jsonschema:"name of the city"`
	}
	tool, err := messages.Tool[City]("get_weather", "Tells the weather in a city.")
	if err != nil {
		log.Fatal(err)
	}
	asked := map[string]client.Params{"q-1": {
		Model:     client.ModelClaudeOpus5,
		MaxTokens: 1024,
		Messages:  []client.InputMessage{client.UserText("Do I need an umbrella in Zürich?")},
		Tools:     []client.ToolUnion{tool},
	}}
	for len(asked) > 0 {
		next := make(map[string]client.Params)
		for _, item := range answers(context.Background(), c, asked) {
			m := item.Message() // nil if the request did not succeed, see Err
			err := m.Err()
			switch {
			case err == nil:
				fmt.Println(item.CustomID, m.Text())
			case errors.Is(err, client.ErrToolUse), errors.Is(err, client.ErrPaused):
				var results []client.ContentBlockParam // none for a paused turn
				for _, use := range m.ToolUses() {
					city, err := messages.DecodeInput[City](use)
					if err != nil {
						results = append(results, messages.ToolError(use, "The input does not fit the schema."))
						continue
					}
					fmt.Println(item.CustomID, "asks for the weather in", city.Name)
					results = append(results, messages.ToolResult(use, "12 °C, rain"))
				}
				if next[item.CustomID], err = messages.Continue(asked[item.CustomID], m, results...); err != nil {
					log.Fatal(err)
				}
			default: // truncated, refused, or a newer stop reason
				log.Print(item.CustomID, err)
			}
		}
		asked = next
	}
	// Output:
	// q-1 asks for the weather in Zürich
	// q-1 Yes, take one.
}

func ExampleAssistantTurn() {
	m := &client.Message{Content: []client.ContentBlock{
		&client.ThinkingBlock{Thinking: "A greeting.", Signature: "EqQBCgIYAhIM"},
		&client.TextBlock{Text: "Hello!"},
		&client.Unknown{Type: "hologram", Raw: jsontext.Value(`{"type":"hologram","size":2.50}`)}, // newer than the contract
	}}
	turn, err := messages.AssistantTurn(m)
	if err != nil {
		log.Fatal(err)
	}
	for _, b := range turn.(*client.AssistantMessage).Content.(client.ContentBlocks) {
		switch b := b.(type) {
		case *gen.BetaThinkingBlockParam:
			fmt.Println("thinking, signed", b.Signature)
		case *client.TextBlockParam:
			fmt.Println(b.Text)
		case *client.Unknown:
			fmt.Println(b.Raw)
		}
	}
	// Output:
	// thinking, signed EqQBCgIYAhIM
	// Hello!
	// {"type":"hologram","size":2.50}
}

func ExampleContinue() {
	p := client.Params{
		Model:     client.ModelClaudeOpus5,
		MaxTokens: 1024,
		Messages:  []client.InputMessage{client.UserText("Search the news.")},
		Tools:     []client.ToolUnion{&client.WebSearchTool20250305{}},
	}
	paused := &client.Message{
		StopReason: client.StopReasonPauseTurn,
		Content:    []client.ContentBlock{&client.ServerToolUseBlock{ID: "srvtoolu_1", Name: "web_search", Input: jsontext.Value(`{"query":"news"}`)}},
	}
	next, err := messages.Continue(p, paused) // the model continues
	fmt.Println(len(next.Messages), err)

	call := &client.Message{
		StopReason: client.StopReasonMaxTokens,
		Content:    []client.ContentBlock{&client.ToolUseBlock{ID: "toolu_1", Name: "write", Input: jsontext.Value(`{}`)}},
	}
	_, err = messages.Continue(p, call)
	fmt.Println(err)
	_, err = messages.Continue(p, paused, messages.TextBlock("Faster, please."))
	fmt.Println(err)
	// Output:
	// 2 <nil>
	// continue: message is truncated (stop reason "max_tokens") in the middle of a tool call
	// continue: block 0 (text) ends the turn, but server tool use "srvtoolu_1" (web_search) has no result yet: send only the results of your own tools, and the other blocks in the request after it
}

func ExampleDecodeText() {
	type Menu struct {
		Dish  string `json:"dish"`
		Price int    `json:"price" jsonschema:"in cents"`
	}
	format, err := messages.OutputFormat[Menu]()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(format.Schema) // for Params.OutputConfig

	whole := &client.Message{StopReason: client.StopReasonEndTurn, Content: []client.ContentBlock{&client.TextBlock{Text: `{"dish":"soup","price":500}`}}}
	fmt.Println(messages.DecodeText[Menu](whole))

	cut := &client.Message{StopReason: client.StopReasonMaxTokens, Content: []client.ContentBlock{&client.TextBlock{Text: `{"dish":"so`}}}
	_, err = messages.DecodeText[Menu](cut)
	var decodeErr *messages.DecodeError
	if errors.As(err, &decodeErr) && errors.Is(err, client.ErrTruncated) {
		fmt.Println(err)
		fmt.Println("it got to", decodeErr.JSON)
	}
	short := &client.Message{StopReason: client.StopReasonEndTurn, Content: []client.ContentBlock{&client.TextBlock{Text: `{"dish":"soup"}`}}}
	_, err = messages.DecodeText[Menu](short)
	fmt.Println(err)
	// Output:
	// {"type":"object","properties":{"dish":{"type":"string"},"price":{"type":"integer","description":"in cents"}},"required":["dish","price"],"additionalProperties":false}
	// {soup 500} <nil>
	// text of the message: message is truncated (stop reason "max_tokens")
	// it got to {"dish":"so
	// text of the message: "price" is missing
}

func ExampleDecodeInput() {
	m := &client.Message{Content: []client.ContentBlock{
		&client.ToolUseBlock{ID: "toolu_1", Name: "pay", Input: jsontext.Value(`{"account":9007199254740993}`)},
		&client.ToolUseBlock{ID: "toolu_2", Name: "pay", Input: jsontext.Value(`{"account":"mine"}`)},
		&client.ToolUseBlock{ID: "toolu_3", Name: "wait", Input: jsontext.Value(`{}`)},
	}}
	type Payment struct {
		Account int64 `json:"account"`
	}
	for _, use := range m.ToolUses("pay") {
		payment, err := messages.DecodeInput[Payment](use)
		fmt.Println(payment.Account, err)
	}
	// Output:
	// 9007199254740993 <nil>
	// 0 input of tool use "toolu_2" (pay): string at "account" does not fit Go type int64
}

func ExampleTool() {
	type Query struct {
		Words []string `json:"words" jsonschema:"words to search for"`
		Limit int      `json:"limit,omitempty" jsonschema:"most results, 10 if omitted"`
	}
	tool, err := messages.Tool[Query]("search", "Searches the archive.")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tool.InputSchema)
	// Output:
	// {"type":"object","properties":{"words":{"type":"array","items":{"type":"string"},"description":"words to search for"},"limit":{"type":"integer","description":"most results, 10 if omitted"}},"required":["words"],"additionalProperties":false}
}

func ExampleImage() {
	photo, err := messages.Image([]byte("\x89PNG\r\n\x1a\n...")) // the bytes of a file
	if err != nil {
		log.Fatal(err)
	}
	p := client.Params{
		Model:     client.ModelClaudeOpus5,
		MaxTokens: 1024,
		System:    client.TextContent("Answer in one sentence."),
		Messages:  []client.InputMessage{messages.User(photo, messages.ImageURL("https://example.com/cat.png"), messages.TextBlock("Is it the same cat?"))},
	}
	fmt.Println(photo.Source.(*client.Base64ImageSource).MediaType, len(p.Messages))

	_, err = messages.Image([]byte("BM6..."))
	fmt.Println(err)
	// Output:
	// image/png 1
	// image is image/bmp: it must be JPEG, PNG, GIF or WebP
}

// Uploaded files, and documents that the service can fetch, need not be in the request.
func ExampleDocument() {
	_, err := messages.Document([]byte("PK\x03\x04...")) // the bytes of a DOCX file
	fmt.Println(err)

	contract, err := messages.Document([]byte("This agreement is made between...")) // the bytes of a text or a PDF
	if err != nil {
		log.Fatal(err)
	}
	contract.Title = "Agreement"
	m := messages.User(
		contract,
		messages.DocumentURL("https://example.com/terms.pdf"),
		messages.DocumentFile("file_011CNha8iCJcU1wXNR6q4V8w"),
		messages.ImageFile("file_011CPMxVD3fHLUhvTqtsQA5w"),
		messages.TextBlock("Does the signature in the picture belong to one of these?"),
	)
	b, err := json.Marshal(m)
	if err != nil {
		log.Fatal(err)
	}
	for _, part := range bytes.SplitAfter(b, []byte("},{")) {
		fmt.Printf("%s\n", part)
	}
	// Output:
	// document is a ZIP archive, as DOCX, XLSX, EPUB and other files are: it must be a PDF or plain text in UTF-8
	// {"role":"user","content":[{"type":"document","source":{"media_type":"text/plain","type":"text","data":"This agreement is made between..."},"title":"Agreement"},{
	// "type":"document","source":{"type":"url","url":"https://example.com/terms.pdf"}},{
	// "type":"document","source":{"type":"file","file_id":"file_011CNha8iCJcU1wXNR6q4V8w"}},{
	// "type":"image","source":{"type":"file","file_id":"file_011CPMxVD3fHLUhvTqtsQA5w"}},{
	// "type":"text","text":"Does the signature in the picture belong to one of these?"}]}
}

func ExampleCached() {
	manual, err := messages.Document([]byte("All that there is to know."))
	if err != nil {
		log.Fatal(err)
	}
	manual.Title = "Manual"
	if manual, err = messages.Cached(manual, client.CacheTTLOneHour); err != nil {
		log.Fatal(err)
	}
	rules, err := messages.Cached(messages.TextBlock("Answer from the manual."), client.CacheTTLOneHour)
	if err != nil {
		log.Fatal(err)
	}
	p := client.Params{
		System:   messages.System(rules),
		Messages: []client.InputMessage{messages.User(manual, messages.TextBlock("How do I begin?"))}, // or another question
	}
	b, err := p.Messages[0].(json.Marshaler).MarshalJSON()
	fmt.Println(string(b), err)
	// Output:
	// {"role":"user","content":[{"type":"document","cache_control":{"type":"ephemeral","ttl":"1h"},"source":{"media_type":"text/plain","type":"text","data":"All that there is to know."},"title":"Manual"},{"type":"text","text":"How do I begin?"}]} <nil>
}
