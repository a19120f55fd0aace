//go:build !race

// Without the race detector this takes seconds, with it minutes; it has nothing to find here.

package messagebatches_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches"
)

// apart are rules that run only for edits of their own. They take longer, or also see what breaks another rule.
var apart = []string{"valid", "examples fit", "inventory", "constraints"}

// TestContractRulesComplain breaks a rule with an edit and wants that rule, and no other, to complain, at the right line.
func TestContractRulesComplain(t *testing.T) {
	t.Parallel()
	for _, e := range edits {
		t.Run(e.rule+" in "+e.in, func(t *testing.T) {
			t.Parallel()
			text, line := e.apply(t)
			d, err := parse(text)
			if err != nil {
				t.Fatal(err)
			}
			got := make(map[string][]string)
			for name, rule := range rules {
				if name == e.rule || !slices.Contains(apart, name) {
					if problems := rule.check(d); len(problems) > 0 {
						got[name] = problems
					}
				}
			}
			want := map[string][]string{e.rule: {fmt.Sprintf("openapi.yaml:%d: %s", line, e.want)}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	for name := range rules {
		if !slices.ContainsFunc(edits, func(e edit) bool { return e.rule == name }) {
			t.Errorf("no edit breaks %q", name)
		}
	}
}

// An edit breaks a rule of the contract.
type edit struct {
	rule     string
	in       string // component that the edit begins to look in, or "" for the whole contract
	old, new string // replaced once in a component, everywhere in the whole contract
	at       string // begins in the line of the complaint, which is the first such line; default is that of the component
	want     string // pointer and text; without # it is relative to the component
}

var edits = []edit{
	{"valid", "AnthropicBeta", "type: string", "type: thing", "", `: invalid components: schema "AnthropicBeta": unsupported 'type' value "thing"`},
	{"examples exist", "BetaToolChoiceNone", "      example: {type: none}\n", "", "", ": lacks an example"},
	{"examples exist", "", "              example: {custom_id: greeting-2, result: {type: canceled}}\n", "",
		"            application/x-jsonl:", "#/paths/~1v1~1messages~1batches~1{message_batch_id}~1results/get/responses/200/content/application~1x-jsonl: lacks an example"},
	{"examples fit", "BetaToolChoiceNone", "{type: none}", "{type: some}",
		"      example:", "/example/type: value is not one of the allowed values [\"none\"]"},
	{"examples fit", "", "{custom_id: greeting-2, result: {type: canceled}}", "{custom_id: 2, result: {type: canceled}}",
		"              example: {custom_id: 2", "#/paths/~1v1~1messages~1batches~1{message_batch_id}~1results/get/responses/200/content/application~1x-jsonl/example/custom_id: value must be a string"},

	{"inventory", "BetaMetadata", "        user_id:", "        team:\n          description: Who asks.\n        user_id:",
		"        team:", "/properties/team: testdata does not know team"},
	{"inventory", "BetaCacheControlEphemeral", "        ttl:\n          description: Time to live since the last use. Default is `5m`. Writing with `1h` costs more.\n          type: string\n          enum: [5m, 1h]\n", "",
		"      properties:", "/properties: lacks ttl"},
	{"inventory", "BetaFallbackInfo", "      required: [model]\n", "", "        model:", "/properties/model: want required"},
	{"inventory", "BetaMetadata", "[string, 'null']", "string", "        user_id:", "/properties/user_id: want null"},
	{"inventory", "BetaMetadata", "[string, 'null']", "[integer, string, 'null']",
		"        user_id:", "/properties/user_id: testdata does not say number"},
	{"inventory", "BetaCacheControlEphemeral", "[5m, 1h]", "[5m, 1h, 2h]", "        ttl:", `/properties/ttl: testdata does not say "2h"`},
	{"inventory", "BetaCacheControlEphemeral", "const: ephemeral", "enum: [ephemeral, other]",
		"        type:", `/properties/type: testdata does not say "other"`},
	{"inventory", "AnthropicBeta", "        - admin-user-sign-out-2026-10-08\n", "", "", ": want admin-user-sign-out-2026-10-08"},
	{"inventory", "AnthropicBeta", "      x-open-enum: true\n", "", "", ": want new values"},
	{"inventory", "BetaCreateMessageParams", "        - $ref: '#/components/schemas/BetaTextBlocks'\n", "        - $ref: '#/components/schemas/BetaTextBlocks'\n        - $ref: '#/components/schemas/BetaClearAllToolInputs'\n",
		"        system:", "/properties/system: testdata does not say boolean"},
	{"inventory", "BetaCreateMessageParams", "          deprecated: true\n", "", "        output_format:", "/properties/output_format: want deprecated"},
	{"inventory", "BetaCreateMessageParams", "          x-refused-by-versions: ['2026-10-21']\n", "",
		"        temperature:", "/properties/temperature: want only by 2023-06-01"},
	{"inventory", "", "/UserProfile'\n", "/UserProfile'\n        - {name: other, in: header, description: Something new., schema: {type: string}}\n",
		"      parameters:", "#/paths/~1v1~1messages~1batches/post/parameters: testdata does not say other"},
	{"inventory", "", "`thinking`.\n      type: object\n", "`thinking`.\n      type: object\n      additionalProperties: true\n",
		"openapi:", `#: there is no "BetaFallbackParam: want other properties" any more: the SDK lets any through; here a new one waits for the contract`},
	{"constraints", "BetaMetadata", "maxLength: 512", "maxLength: 500", "        user_id:", "/properties/user_id: want maxLength 512"},
	{"constraints", "BetaTextBlockParam", "          minLength: 1\n", "", "        text:", "/properties/text: want minLength 1"},

	{"unions have their form", "BetaSystemPrompt", "$ref: '#/components/schemas/BetaTextContent'", "type: string",
		"        - type: string", "/oneOf/0: a member of a union is a reference and nothing else"},
	{"unions have their form", "BetaSystemPrompt", "        - $ref: '#/components/schemas/BetaTextBlocks'\n", "",
		"      oneOf:", "/oneOf: a union of less than two"},
	{"unions have their form", "BetaSystemPrompt", "BetaTextBlocks", "BetaMessageContent",
		"        - $ref: '#/components/schemas/BetaMessageContent'", "/oneOf/1: a union in a union: name its members here"},
	{"unions have their form", "BetaClearToolInputs", "      type: array", "      type: [array, 'null']",
		"        - $ref: '#/components/schemas/BetaToolNames'", "/oneOf/1: null in a union: allow it where the union is used"},
	{"unions have their form", "BetaDiagnosticsParam", "        previous_message_id:\n", "        previous_message_id:\n          oneOf: [{$ref: '#/components/schemas/BetaTextContent'}, {$ref: '#/components/schemas/BetaTextBlocks'}]\n",
		"        previous_message_id:", "/properties/previous_message_id: a union inside another schema: make it a component"},
	{"unions have their form", "BetaCreateMessageParams", "            - $ref: '#/components/schemas/BetaBillingPolicy'\n            - type: 'null'\n", "            - type: 'null'\n            - $ref: '#/components/schemas/BetaBillingPolicy'\n",
		"          anyOf:", "/properties/billing_policy/anyOf: want a reference, then `type: 'null'`"},
	{"unions decide", "BetaToolChoice", "          none: '#/components/schemas/BetaToolChoiceNone'\n", "",
		"        mapping:", "/discriminator/mapping: lacks none, which means BetaToolChoiceNone"},
	{"unions decide", "BetaToolChoice", "none: '#/components/schemas/BetaToolChoiceNone'", "none: '#/components/schemas/BetaToolChoiceAuto'",
		"          none:", "/discriminator/mapping/none: none does not mean #/components/schemas/BetaToolChoiceAuto"},
	{"unions decide", "BetaToolChoice", "          none:", "          nothing: '#/components/schemas/BetaToolChoiceNone'\n          none:",
		"          nothing:", "/discriminator/mapping/nothing: nothing does not mean #/components/schemas/BetaToolChoiceNone"},
	{"unions decide", "BetaSystemPrompt", "BetaTextBlocks", "BetaContainerID",
		"        - $ref: '#/components/schemas/BetaContainerID'", "/oneOf/1: BetaContainerID cannot be told from an earlier member"},
	{"unions decide", "BetaThinkingKeep", "          const: all\n", "",
		"        - $ref: '#/components/schemas/BetaAllThinkingTurns'", "/oneOf/2: BetaAllThinkingTurns cannot be told from an earlier member"},
	{"unions decide", "BetaThreadParams", "      discriminator:\n        propertyName: type\n        mapping:\n          create: '#/components/schemas/BetaThreadCreateParams'\n          continue: '#/components/schemas/BetaThreadContinueParams'\n", "      example: {type: create}\n",
		"", ": a union of objects needs a discriminator"},
	{"unions decide", "BetaToolChoice", "      required: [type]\n      properties:\n        type:\n          description: Always `none`.\n          type: string\n          const: none\n", "      properties:\n        type:\n          description: Always `none`.\n          type: string\n          enum: [none]\n",
		"        - $ref: '#/components/schemas/BetaToolChoiceNone'", "/oneOf/3: BetaToolChoiceNone needs a constant type that is required"},
	{"unions decide", "BetaMessageParam", "      oneOf:", "      x-default-member: BetaUserMessageParam\n      oneOf:",
		"      x-default-member:", "/x-default-member: want a member that does not require role"},
	{"unions decide", "BetaMessageParam", "      oneOf:", "      x-default-member: BetaTool\n      oneOf:",
		"      x-default-member:", "/x-default-member: want a member that does not require role"},

	{"operations are complete", "", "operationId: cancelMessageBatch", "operationId: cancel",
		"      operationId: cancel\n", "#/paths/~1v1~1messages~1batches~1{message_batch_id}~1cancel/post/operationId: want a verb and MessageBatch"},
	{"operations are complete", "", "        4XX: &error\n", "        '400': &error\n",
		"      responses:", "#/paths/~1v1~1messages~1batches/post/responses: lacks 4XX"},
	{"operations are complete", "", "      summary: Create a batch and start it\n", "",
		"    post:", "#/paths/~1v1~1messages~1batches/post: lacks a summary"},
	{"components are used", "BetaToolChoiceNone", "      example: {type: none}\n", "      example: {type: none}\n    BetaToolChoiceSome:\n      description: A choice that nobody makes.\n      type: string\n      example: a\n",
		"    BetaToolChoiceSome:", "#/components/schemas/BetaToolChoiceSome: no operation leads here"},
	{"names do not name kinds", "", "BetaClearAllToolInputs", "BetaClearAnyToolInputs",
		"    BetaClearAnyToolInputs:", "#/components/schemas/BetaClearAnyToolInputs: Any is a JSON kind"},
	{"properties are in order", "BetaBillingPolicy", "      required: [type]\n", "",
		"        type:", "/properties/type: a constant that is not required"},
	{"enums stand once", "BetaFallbackCreditTokenParam", "[strict, best_effort]", "[max, xhigh, high, medium, low]",
		"          enum:", "/properties/mode/enum: these values stand in 2 places: make them a component"},
	{"extensions are explained", "", "  title: Message", "  x-note: Hello\n  title: Message",
		"  x-note:", "#/info/x-note: x-note is not as the head of the contract explains it"},
	{"extensions are explained", "BetaSpeed", "x-open-enum: true", "x-open-enum: false",
		"      x-open-enum:", "/x-open-enum: x-open-enum is not as the head of the contract explains it"},
	{"extensions are explained", "BetaMessageBatchPage", "x-strict: [data]", "x-strict: [dates]",
		"      x-strict:", "/x-strict: x-strict is not as the head of the contract explains it"},
	{"extensions are explained", "BetaError", "x-strict: [type]", "x-strict: [code]",
		"      x-strict:", "/x-strict: x-strict is not as the head of the contract explains it"},
	{"extensions are explained", "BetaMetadata", "      properties:", "      x-strict: [user_id]\n      properties:",
		"      x-strict:", "/x-strict: x-strict is not as the head of the contract explains it"},
	{"extensions are explained", "BetaMetadata", "      properties:", "      x-default-member: BetaTool\n      properties:",
		"      x-default-member:", "/x-default-member: x-default-member is not as the head of the contract explains it"},
	{"extensions are explained", "BetaCreateMessageParams", "x-refused-by-versions: ['2026-10-21']", "x-refused-by-versions: ['2026-10-22']",
		"          x-refused-by-versions:", "/properties/temperature/x-refused-by-versions: x-refused-by-versions is not as the head of the contract explains it"},
	{"extensions are explained", "BetaBillingPolicy", "x-refused-in-batches: [user_profile]", "x-refused-in-batches: [other]",
		"          x-refused-in-batches:", "/properties/bill_to/x-refused-in-batches: x-refused-in-batches is not as the head of the contract explains it"},
	{"extensions are explained", "BetaMCPToolset", "x-needs-beta: [mcp-client-2025-11-20,", "x-needs-beta: [mcp-client-2025-11-21,",
		"      x-needs-beta:", "/x-needs-beta: x-needs-beta is not as the head of the contract explains it"},

	{"descriptions say something", "BetaToolChoiceNone", "          description: Always `none`.\n", "",
		"        type:", "/properties/type: lacks a description"},
	{"descriptions say something", "BetaToolChoiceNone", "calling tools.", "calling tools",
		"      description:", "/description: want a full stop at the end"},
	{"descriptions say something", "BetaToolChoiceNone", "The choice that", "Choice that",
		"      description:", "/description: want A, An, The, One, What, How or Where at the beginning"},
	{"descriptions say something", "BetaToolChoiceNone", "Always `none`.", "The type of the choice.",
		"          description:", "/properties/type/description: says no more than the name"},
	{"descriptions say something", "", "    RequestID:\n      description: Id of this call. Error bodies repeat it as `request_id`.", "    RequestID:\n      description: Id of the request.",
		"      description: Id of the request.", "#/components/headers/RequestID/description: says no more than the name"},
	{"properties are in order", "BetaToolChoiceNone", "      example:", "        a:\n          description: Something else.\n          type: string\n      example:",
		"        a:", "/properties/a: a belongs before type"},
	{"properties are in order", "BetaToolChoiceTool", "[name, type]", "[type, name]", "      required:", "/required/1: name belongs before type"},
	{"properties are in order", "BetaToolChoiceTool", "[name, type]", "[name, other, type]",
		"      required:", "/required/1: there is no property other"},
	{"keys are in order", "BetaToolChoiceNone", "      type: object\n      required: [type]\n", "      required: [type]\n      type: object\n",
		"      type:", "/type: type belongs before required"},
	{"keys are in order", "BetaToolChoiceNone", "          const: none\n", "          const: none\n          title: None\n",
		"          title:", "/properties/type/title: the contract does without title here"},
	{"parts are in order", "", "    # ── Usage ─", "    # ── Errors ─\n    # ── Usage ─", "    # ── Errors ─\n", "#: Errors is out of order"},
	{"parts are in order", "", "    # ── Usage ─", "    # Usage ─", "  schemas:", "#/components/schemas: part Usage is missing"},
	{"lines are short", "BetaToolChoiceNone", "calling tools.", "calling tools." + strings.Repeat(".", 100), "      description:", "#: 170 columns"},
}

// apply returns the text of the contract with the edit, and the line of the complaint.
func (e *edit) apply(t *testing.T) (text string, line int) {
	t.Helper()
	before, rest := "", messagebatches.OpenAPI()
	if e.in != "" {
		start := "\n    " + e.in + ":\n"
		i := strings.Index(rest, start) + 1
		before, rest = rest[:i], rest[i:]
	}
	if !strings.Contains(rest, e.old) {
		t.Fatalf("there is no %q in %s", e.old, e.in)
	}
	times := 1
	if e.in == "" {
		times = -1
	}
	rest = strings.Replace(rest, e.old, e.new, times)
	i := strings.Index("\n"+rest, "\n"+e.at)
	if i < 0 {
		t.Fatalf("no line begins with %q in %s", e.at, e.in)
	}
	if !strings.HasPrefix(e.want, "#") {
		e.want = "#/components/schemas/" + e.in + e.want
	}
	return before + rest, strings.Count(before+rest[:i], "\n") + 1
}
