package preflight_test

import (
	"fmt"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

// Check only the parameters, before there is a batch.
func ExampleCheckParams() {
	params := []byte(`{"model":"claude-haiku-4-5","max_tokens":64,"temperature":0.5,"speed":"fast","messages":[{"role":"user","content":"Hi"}]}`)
	for _, i := range preflight.CheckParams(params, preflight.Options{Version: gen.AnthropicVersionV20261021}) {
		fmt.Println(i.Pointer, i.Rule, i.Severity)
	}
	// Output:
	// /temperature refused-by-version error
	// /speed refused-by-batch error
}

// Turn off a rule that does not suit your work.
func ExampleRules() {
	params := []byte(`{"model":"my-own-model","max_tokens":0,"messages":[{"role":"user","content":"Hi"}]}`)
	for _, rule := range preflight.Rules() {
		o := preflight.Options{Disable: []preflight.Rule{rule}}
		if left := preflight.CheckParams(params, o); len(left) < 2 {
			fmt.Printf("without %s: %s\n", rule, left[0].Rule)
		}
	}
	// Output:
	// without limit: unknown-model
	// without unknown-model: limit
}
