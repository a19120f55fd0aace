// Package messages makes what goes into a request and reads what comes out: conversations over several batches, calls
// of tools, JSON as a Go type, and short forms of common requests. Its functions are pure: they send nothing, change
// none of their arguments, and return values of package gen, which stay plain.
//
// A conversation that uses a tool takes two batches:
//
//	type City struct {
//		Name string `json:"name" jsonschema:"name of the city"`
//	}
//
//	tool, err := messages.Tool[City]("get_weather", "Tells the weather in a city.")
//	if err != nil {
//		return err
//	}
//	asked := map[string]client.Params{"q-1": {
//		Model:     gen.ModelClaudeOpus5,
//		MaxTokens: 1024,
//		Messages:  []client.InputMessage{client.UserText("Do I need an umbrella in Zürich?")},
//		Tools:     []gen.BetaToolUnion{tool},
//	}}
//	for len(asked) > 0 {
//		next := make(map[string]client.Params)
//		for _, item := range answers(ctx, c, asked) { // Create, Wait, Results
//			m := item.Message() // nil if the request did not succeed: Err says so
//			err := messages.Err(m)
//			switch {
//			case err == nil:
//				fmt.Println(item.CustomID, messages.Text(m))
//			case errors.Is(err, messages.ErrToolUse), errors.Is(err, messages.ErrPaused):
//				var results []gen.BetaContentBlockParam // none for a paused turn
//				for _, use := range messages.ToolUses(m) {
//					city, err := messages.DecodeInput[City](use)
//					if err != nil {
//						results = append(results, messages.ToolError(use, "The input does not fit the schema."))
//						continue
//					}
//					results = append(results, messages.ToolResult(use, weather(city.Name)))
//				}
//				if next[item.CustomID], err = messages.Continue(asked[item.CustomID], m, results...); err != nil {
//					return err
//				}
//			default: // cut, refused, or a stop reason that is newer
//				log.Print(item.CustomID, err)
//			}
//		}
//		asked = next
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
