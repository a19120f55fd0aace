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

// answers sends requests, by custom id, in one batch, waits for it and returns its results.
func answers(ctx context.Context, c *client.Client, asked map[string]client.Params) []*client.Item {
	var params client.BatchParams
	for id, p := range asked {
		params.Requests = append(params.Requests, client.Request{CustomID: id, Params: p})
	}
	batch, err := c.Create(ctx, params)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Wait(ctx, batch.ID, client.WaitOptions{}); err != nil {
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

// A conversation over two batches: the model calls a tool, and goes on with the result.
func Example() {
	service := batchtest.Start(batchtest.WithDuration(0)) // a fake; the real service needs no answers written for it
	service.Answer("q-1", batchtest.InTurn(
		batchtest.Message(gen.BetaMessage{StopReason: gen.BetaMessageStopReasonToolUse, Content: []gen.BetaContentBlock{
			&gen.BetaToolUseBlock{ID: "toolu_1", Name: "get_weather", Input: jsontext.Value(`{"name":"Zürich"}`)},
		}}),
		batchtest.Text("Yes, take one."),
	))
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey(service.Key()), client.WithBaseURL(service.URL()), client.WithHTTPClient(service.HTTPClient()))
	if err != nil {
		log.Fatal(err)
	}

	type City struct {
		Name string `json:"name" jsonschema:"name of the city"`
	}
	tool, err := messages.Tool[City]("get_weather", "Tells the weather in a city.")
	if err != nil {
		log.Fatal(err)
	}
	asked := map[string]client.Params{"q-1": {
		Model:     gen.ModelClaudeOpus5,
		MaxTokens: 1024,
		Messages:  []client.InputMessage{client.UserText("Do I need an umbrella in Zürich?")},
		Tools:     []gen.BetaToolUnion{tool},
	}}
	for len(asked) > 0 {
		next := make(map[string]client.Params)
		for _, item := range answers(context.Background(), c, asked) {
			m := item.Message() // nil if the request did not succeed: Err says so
			err := messages.Err(m)
			switch {
			case err == nil:
				fmt.Println(item.CustomID, messages.Text(m))
			case errors.Is(err, messages.ErrToolUse), errors.Is(err, messages.ErrPaused):
				var results []gen.BetaContentBlockParam // none for a paused turn
				for _, use := range messages.ToolUses(m) {
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
			default: // cut, refused, or a stop reason that is newer
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
	m := &client.Message{Content: []gen.BetaContentBlock{
		&gen.BetaThinkingBlock{Thinking: "A greeting.", Signature: "EqQBCgIYAhIM"},
		&gen.BetaTextBlock{Text: "Hello!"},
		&gen.Unknown{Type: "hologram", Raw: jsontext.Value(`{"type":"hologram","size":2.50}`)}, // newer than the contract
	}}
	turn, err := messages.AssistantTurn(m)
	if err != nil {
		log.Fatal(err)
	}
	for _, b := range turn.(*gen.BetaAssistantMessageParam).Content.(gen.BetaMessageContentBlocks) {
		switch b := b.(type) {
		case *gen.BetaThinkingBlockParam:
			fmt.Println("thinking, signed", b.Signature)
		case *gen.BetaTextBlockParam:
			fmt.Println(b.Text)
		case *gen.Unknown:
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
		Model:     gen.ModelClaudeOpus5,
		MaxTokens: 1024,
		Messages:  []client.InputMessage{client.UserText("Search the news.")},
		Tools:     []gen.BetaToolUnion{&gen.BetaWebSearchTool20250305{}},
	}
	paused := &client.Message{
		StopReason: gen.BetaMessageStopReasonPauseTurn,
		Content:    []gen.BetaContentBlock{&gen.BetaServerToolUseBlock{ID: "srvtoolu_1", Name: "web_search", Input: jsontext.Value(`{"query":"news"}`)}},
	}
	next, err := messages.Continue(p, paused) // the model goes on
	fmt.Println(len(next.Messages), err)

	call := &client.Message{
		StopReason: gen.BetaMessageStopReasonMaxTokens,
		Content:    []gen.BetaContentBlock{&gen.BetaToolUseBlock{ID: "toolu_1", Name: "write", Input: jsontext.Value(`{}`)}},
	}
	_, err = messages.Continue(p, call)
	fmt.Println(err)
	// Output:
	// 2 <nil>
	// continue: message is cut (stop reason "max_tokens") in the middle of a tool call
}

func ExampleErr() {
	m := &client.Message{
		StopReason:  gen.BetaMessageStopReasonRefusal,
		StopDetails: &gen.BetaRefusalStopDetails{Category: gen.BetaRefusalCategoryBio},
	}
	err := messages.Err(m)
	fmt.Println(messages.OutcomeOf(m), errors.Is(err, messages.ErrRefused))
	fmt.Println(err)
	// Output:
	// refused true
	// message was refused (stop reason "refusal"), category "bio"
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

	whole := &client.Message{StopReason: gen.BetaMessageStopReasonEndTurn, Content: []gen.BetaContentBlock{&gen.BetaTextBlock{Text: `{"dish":"soup","price":500}`}}}
	fmt.Println(messages.DecodeText[Menu](whole))

	cut := &client.Message{StopReason: gen.BetaMessageStopReasonMaxTokens, Content: []gen.BetaContentBlock{&gen.BetaTextBlock{Text: `{"dish":"so`}}}
	_, err = messages.DecodeText[Menu](cut)
	var decodeErr *messages.DecodeError
	if errors.As(err, &decodeErr) && errors.Is(err, messages.ErrCut) {
		fmt.Println(err)
		fmt.Println("it got to", decodeErr.JSON)
	}
	// Output:
	// {"type":"object","properties":{"dish":{"type":"string"},"price":{"type":"integer","description":"in cents"}},"required":["dish","price"],"additionalProperties":false}
	// {soup 500} <nil>
	// text of the message: message is cut (stop reason "max_tokens")
	// it got to {"dish":"so
}

func ExampleDecodeInput() {
	m := &client.Message{Content: []gen.BetaContentBlock{
		&gen.BetaToolUseBlock{ID: "toolu_1", Name: "pay", Input: jsontext.Value(`{"account":9007199254740993}`)},
		&gen.BetaToolUseBlock{ID: "toolu_2", Name: "pay", Input: jsontext.Value(`{"account":"mine"}`)},
		&gen.BetaToolUseBlock{ID: "toolu_3", Name: "wait", Input: jsontext.Value(`{}`)},
	}}
	type Payment struct {
		Account int64 `json:"account"`
	}
	for _, use := range messages.ToolUses(m, "pay") {
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
		Limit int      `json:"limit,omitempty" jsonschema:"most results, 10 if left out"`
	}
	tool, err := messages.Tool[Query]("search", "Searches the archive.")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tool.InputSchema)
	// Output:
	// {"type":"object","properties":{"words":{"type":"array","items":{"type":"string"},"description":"words to search for"},"limit":{"type":"integer","description":"most results, 10 if left out"}},"required":["words"],"additionalProperties":false}
}

func ExampleImage() {
	photo, err := messages.Image([]byte("\x89PNG\r\n\x1a\n...")) // the bytes of a file
	if err != nil {
		log.Fatal(err)
	}
	p := client.Params{
		Model:     gen.ModelClaudeOpus5,
		MaxTokens: 1024,
		System:    gen.BetaTextContent("Answer in one sentence."),
		Messages:  []client.InputMessage{messages.User(photo, messages.ImageURL("https://example.com/cat.png"), messages.TextBlock("Is it the same cat?"))},
	}
	fmt.Println(photo.Source.(*gen.BetaBase64ImageSource).MediaType, len(p.Messages))

	_, err = messages.Image([]byte("BM6..."))
	fmt.Println(err)
	// Output:
	// image/png 1
	// image is image/bmp: it must be JPEG, PNG, GIF or WebP
}

// What is uploaded or can be fetched need not be in the request.
func ExampleDocument() {
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
	if manual, err = messages.Cached(manual, gen.BetaCacheControlEphemeralTTLOneHour); err != nil {
		log.Fatal(err)
	}
	rules, err := messages.Cached(messages.TextBlock("Answer from the manual."), gen.BetaCacheControlEphemeralTTLOneHour)
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
