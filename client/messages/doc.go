// Package messages builds requests and decodes messages: conversations over several batches, tool calls, structured
// output as a Go type, and blocks for images and documents. Its functions make no network calls and do not change their
// arguments.
//
// A conversation that uses a tool takes two batches:
//
//	package main
//
//	import (
//		"context"
//		"errors"
//		"fmt"
//		"log"
//
//		"github.com/seed-111a911e/messagebatches/client"
//		"github.com/seed-111a911e/messagebatches/client/messages"
//	)
//
//	type City struct {
//		Name string `json:"name" jsonschema:"name of the city"`
//	}
//
//	func weather(city string) string { return "It rains in " + city + "." }
//
//	func main() {
//		c, err := client.New()
//		if err == nil {
//			err = run(context.Background(), c)
//		}
//		if err != nil {
//			log.Fatal(err)
//		}
//	}
//
//	func run(ctx context.Context, c *client.Client) error {
//		tool, err := messages.Tool[City]("get_weather", "Tells the weather in a city.")
//		if err != nil {
//			return err
//		}
//		asked := map[string]client.Params{"q-1": {
//			Model:     client.ModelClaudeOpus5,
//			MaxTokens: 1024,
//			Messages:  []client.InputMessage{client.UserText("Do I need an umbrella in Zürich?")},
//			Tools:     []client.ToolUnion{tool},
//		}}
//		for len(asked) > 0 {
//			answers, err := send(ctx, c, asked)
//			if err != nil {
//				return err
//			}
//			next := make(map[string]client.Params)
//			for id, m := range answers {
//				err := m.Err()
//				switch {
//				case err == nil:
//					fmt.Println(id, m.Text())
//				case errors.Is(err, client.ErrToolUse), errors.Is(err, client.ErrPaused):
//					var results []client.ContentBlockParam // none for a paused turn
//					for _, use := range m.ToolUses() {
//						city, err := messages.DecodeInput[City](use)
//						if err != nil {
//							results = append(results, messages.ToolError(use, "The input does not fit the schema."))
//							continue
//						}
//						results = append(results, messages.ToolResult(use, weather(city.Name)))
//					}
//					if next[id], err = messages.Continue(asked[id], m, results...); err != nil {
//						return err
//					}
//				default: // truncated, refused, or an unknown stop reason
//					log.Print(id, ": ", err)
//				}
//			}
//			asked = next
//		}
//		return nil
//	}
//
//	// send sends the requests as one batch, and returns the messages of those that succeeded.
//	func send(ctx context.Context, c *client.Client, asked map[string]client.Params) (map[string]*client.Message, error) {
//		var requests []client.Request
//		for id, params := range asked {
//			requests = append(requests, client.Request{CustomID: id, Params: params})
//		}
//		batch, err := c.Create(ctx, requests)
//		if err != nil {
//			return nil, err
//		}
//		if _, err := c.Wait(ctx, batch.ID); err != nil {
//			return nil, err
//		}
//		answers := make(map[string]*client.Message)
//		for item, err := range c.Results(ctx, batch.ID) {
//			switch {
//			case err != nil:
//				return nil, err
//			case item.Err() != nil:
//				log.Print(item.Err())
//			default:
//				answers[item.CustomID] = item.Message()
//			}
//		}
//		return answers, nil
//	}
//
// # Stop reasons
//
// A succeeded request may hold a message that is truncated, refused, paused or waits for tools. Its Err method then returns
// a [client.StopError], whose kind errors.Is finds. A stop reason that is newer than this version is of kind
// [client.ErrUnknownStop].
//
// # Conversations
//
// [Continue] builds the next request of a conversation. It returns an error if the service would refuse the request, up to
// a day later: for a call without a result, a truncated call, a refusal, or a text while a server tool has yet to run.
// [AssistantTurn] is the part that converts a message to a turn of a request. Blocks that are newer than this version are
// kept unchanged; newer properties are dropped, because requests may not accept them.
//
// # JSON
//
// [OutputFormat] makes a schema from a Go type and [DecodeText] decodes into it; [Tool] and [DecodeInput] do the same for
// tool calls. Decoding follows encoding/json, and reports required fields that are missing. A type with a method
// Enum() []string allows only these strings. The text of a [DecodeError] names the field that failed and never quotes the
// JSON, because messages may repeat what prompts contain; its field JSON holds it.
//
// # Plain values
//
// Everything that these functions return can be written as a literal: &client.TextBlockParam{Text: "Hello"} is a text
// block. The functions are for values that take several lines or are easy to get wrong, such as base64 and media types.
//
// # Concurrency
//
// All functions may be called concurrently, as long as their arguments are not changed at the same time.
package messages
