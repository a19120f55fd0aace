// Package messages makes what goes into a request and reads what comes out: conversations over several batches, calls
// of tools, JSON as a Go type, and short forms of common requests. Its functions are pure: they send nothing, change
// none of their arguments, and return values of package gen, which stay plain.
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
//		"github.com/seed-111a911e/messagebatches/gen"
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
//			Model:     gen.ModelClaudeOpus5,
//			MaxTokens: 1024,
//			Messages:  []client.InputMessage{client.UserText("Do I need an umbrella in Zürich?")},
//			Tools:     []gen.BetaToolUnion{tool},
//		}}
//		for len(asked) > 0 {
//			answers, err := send(ctx, c, asked)
//			if err != nil {
//				return err
//			}
//			next := make(map[string]client.Params)
//			for id, m := range answers {
//				err := messages.Err(m)
//				switch {
//				case err == nil:
//					fmt.Println(id, messages.Text(m))
//				case errors.Is(err, messages.ErrToolUse), errors.Is(err, messages.ErrPaused):
//					var results []gen.BetaContentBlockParam // none for a paused turn
//					for _, use := range messages.ToolUses(m) {
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
//				default: // cut, refused, or a stop reason that is newer
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
//		var p client.BatchParams
//		for id, params := range asked {
//			p.Requests = append(p.Requests, client.Request{CustomID: id, Params: params})
//		}
//		batch, err := c.Create(ctx, p)
//		if err != nil {
//			return nil, err
//		}
//		if _, err := c.Wait(ctx, batch.ID, client.WaitOptions{}); err != nil {
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
// # Outcomes
//
// A request that succeeded may have an answer that is cut, refused, paused or waits for tools. [OutcomeOf] tells by the
// stop reason; [Err] says the same as an error, of a kind for errors.Is. A stop reason that is newer than the contract
// is [OutcomeUnknown], and the error shows it.
//
// # Conversations
//
// [Continue] makes the next request of a conversation, and refuses what the service would refuse a day later: a call
// without a result, a call that was cut, going on after a refusal. [AssistantTurn] is the part of it that turns an
// answer into input. Blocks of types that are newer than the contract go back as they came; properties that are newer
// do not, for nobody knows whether a request may have them.
//
// # JSON
//
// [OutputFormat] and [DecodeText] are two ends of one Go type, and so are [Tool] and [DecodeInput]. What is decoded
// follows encoding/json. An error says where and why, without showing the text, which its JSON field has: answers hold
// what prompts hold.
//
// # Plain values
//
// All that is made here can be made without it: &gen.BetaTextBlockParam{Text: "Hello"} is a block of text. The
// functions are for what takes several lines or is easy to get wrong, such as base64 and media types.
//
// # Concurrency
//
// All functions may be called at the same time, as long as nobody changes their arguments meanwhile.
package messages
