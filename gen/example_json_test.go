package gen_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
)

// Free JSON, such as the input of a tool, is kept unchanged, with the order of properties and numbers of any size. The
// caller decodes it into its own type.
func Example_freeJSON() {
	var call gen.BetaToolUseBlock
	err := json.Unmarshal([]byte(`{"type":"tool_use","id":"toolu_1","name":"pay","input":{"to":"Ann","amount":12345678901234567890}}`), &call)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(call.Name, string(call.Input))

	var payment struct {
		To     string
		Amount uint64
	}
	if err := json.Unmarshal(call.Input, &payment); err != nil {
		log.Fatal(err)
	}
	fmt.Println(payment.Amount)
	// Output:
	// pay {"to":"Ann","amount":12345678901234567890}
	// 12345678901234567890
}

// A parameter that is newer than the contract goes into Extra. A field is a pointer where zero and absent differ.
func ExampleBetaCreateMessageParams() {
	p := gen.BetaCreateMessageParams{
		Model:       gen.ModelClaudeOpus5,
		MaxTokens:   64,
		Temperature: new(0.0),
		Messages:    []gen.BetaMessageParam{&gen.BetaUserMessageParam{Content: gen.BetaTextContent("Hi")}},
		Extra:       map[string]jsontext.Value{"mood": jsontext.Value(`"calm"`)},
	}
	written, err := json.Marshal(&p)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(written))
	// Output:
	// {"max_tokens":64,"messages":[{"role":"user","content":"Hi"}],"model":"claude-opus-5","temperature":0,"mood":"calm"}
}

// A value that does not fit leaves its field zero, and the others are decoded.
func ExampleDecodeError() {
	var m gen.BetaMessage
	err := json.Unmarshal([]byte(`{"type":"message","id":"msg_1","role":"assistant","model":"claude-opus-5","stop_reason":7,`+
		`"content":[{"type":"text","text":"Hello"}],"usage":{"input_tokens":1,"output_tokens":2}}`), &m)
	var misfit *gen.DecodeError
	if errors.As(err, &misfit) {
		fmt.Println(misfit.Pointer, misfit.Reason)
	}
	fmt.Println(m.ID, m.Content[0].(*gen.BetaTextBlock).Text, m.Usage.OutputTokens)
	// Output:
	// /stop_reason expected a string, got a number
	// msg_1 Hello 2
}
