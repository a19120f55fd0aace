//go:build !race

// Without the race detector this takes seconds, with it minutes, and the detector has nothing to find here.

package contract_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches"
)

// apart are rules that run only for their own edits. They take longer, or also notice edits that break another rule.
var apart = []string{"valid", "examples fit", "inventory", "extensions are explained", "limits have sources", "components are used", "properties are in order"}

// TestContractRulesComplain breaks each rule with an edit. That rule, and no other, must complain, at the right line.
func TestContractRulesComplain(t *testing.T) {
	t.Parallel()
	d, err := parse(messagebatches.OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules {
		if len(rule.check(d)) > 0 {
			t.Skip("the contract itself breaks a rule: see TestContractKeepsRules")
		}
	}
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
	in       string // component in which the edit starts to search, or "" for the whole contract
	old, new string // replaced once in a component, everywhere in the whole contract
	at       string // beginning of the line of the complaint, the first such line; default is the component's line
	want     string // pointer and text; without # it is relative to the component
}

var edits = []edit{
	{"valid", "AnthropicBeta", "type: string", "type: thing", "", `: invalid components: schema "AnthropicBeta": invalid anyOf element: unsupported 'type' value "thing"`},
	{"examples exist", "BetaToolChoiceNone", "      examples: [{type: none}]\n", "", "", ": lacks an example"},
	{"examples exist", "BetaDeletedMessageBatch", "          const: message_batch_deleted\n", "          const: message_batch_deleted\n      examples: [{id: msgbatch_1, type: message_batch_deleted}]\n",
		"      examples:", "/examples: hides the named examples of bodies from mocks"},
	{"examples exist", "", "            examples:\n              two-requests: {$ref: '#/components/examples/TwoRequests'}\n", "",
		"          application/json:", "#/paths/~1v1~1messages~1batches/post/requestBody/content/application~1json: lacks examples"},
	{"examples exist", "", "                canceled: {$ref: '#/components/examples/CanceledLine'}\n", "                canceled: {$ref: '#/components/examples/ExpiredLine'}\n",
		"              examples:\n                succeeded:", "#/paths/~1v1~1messages~1batches~1{message_batch_id}~1results/get/responses/200/content/application~1x-jsonl/examples: lacks a result that is canceled"},
	{"no anchors", "BetaToolChoiceNone", "      required: [type]\n", "      required: &type\n        - type\n", "      required: &", "#: an anchor of YAML: make it a component"},
	{"errors have their status", "", "        '529': {$ref: '#/components/responses/Overloaded'}\n        4XX: {$ref: '#/components/responses/Error'}\n        5XX: {$ref: '#/components/responses/Error'}\n    get:\n      operationId: list", "        '529': {$ref: '#/components/responses/Timeout'}\n        4XX: {$ref: '#/components/responses/Error'}\n        5XX: {$ref: '#/components/responses/Error'}\n    get:\n      operationId: list",
		"        '529': {$ref: '#/components/responses/Timeout'}", "#/paths/~1v1~1messages~1batches/post/responses/529: the error of timeout is timeout_error, want overloaded_error"},
	{"examples fit", "BetaToolChoiceNone", "{type: none}", "{type: some}",
		"      examples:", "/examples/0/type: value is not one of the allowed values [\"none\"]"},
	{"examples fit", "", "custom_id: greeting-3\n", "custom_id: 3\n",
		"        custom_id: 3", "#/components/examples/CanceledLine/value/custom_id: value must be a string"},

	{"inventory", "BetaMetadata", "        user_id:", "        team:\n          description: Who asks.\n        user_id:",
		"        team:", "/properties/team: inventory.json lacks team"},
	{"inventory", "BetaCacheControlEphemeral", "        ttl:\n          description: |-\n            Time to live since the last use. Default is `5m`. Writing to the cache costs more with `1h`. In the\n            order tools, system, messages, a `1h` breakpoint must not follow a `5m` one.\n          type: string\n          enum: [5m, 1h]\n", "",
		"      properties:", "/properties: lacks ttl"},
	{"inventory", "BetaFallbackInfo", "      required: [model]\n", "", "        model:", "/properties/model: want required"},
	{"inventory", "BetaMetadata", "[string, 'null']", "string", "        user_id:", "/properties/user_id: want null"},
	{"inventory", "BetaMetadata", "[string, 'null']", "[integer, string, 'null']",
		"        user_id:", "/properties/user_id: inventory.json lacks number"},
	{"inventory", "BetaCacheControlEphemeral", "[5m, 1h]", "[5m, 1h, 2h]", "        ttl:", `/properties/ttl: inventory.json lacks "2h"`},
	{"inventory", "BetaCacheControlEphemeral", "const: ephemeral", "enum: [ephemeral, other]",
		"        type:", `/properties/type: inventory.json lacks "other"`},
	{"inventory", "BetaToolsetActionConfig", "[boolean, 'null']", "boolean", "        defer_loading:", "/properties/defer_loading: want null"},
	{"inventory", "BetaToolsetOptInActionConfig", "      properties:\n", "      required: [defer_loading]\n      properties:\n",
		"        defer_loading:", "/properties/defer_loading: inventory.json lacks required"},
	{"inventory", "AnthropicBeta", "            - admin-user-sign-out-2026-10-08\n", "", "", ": want admin-user-sign-out-2026-10-08"},
	{"inventory", "BetaCreateMessageParams", "        - $ref: '#/components/schemas/BetaTextBlocks'\n", "        - $ref: '#/components/schemas/BetaTextBlocks'\n        - $ref: '#/components/schemas/BetaClearAllToolInputs'\n",
		"        system:", "/properties/system: inventory.json lacks boolean"},
	{"inventory", "BetaCreateMessageParams", "          deprecated: true\n", "", "        output_format:", "/properties/output_format: want deprecated"},
	{"inventory", "BetaCreateMessageParams", "            - {versions: ['2026-10-21'], source: sdk-ts 1.12.0}\n", "",
		"        temperature:", "/properties/temperature: want only by 2023-06-01"},
	{"inventory", "", "/UserProfile'\n", "/UserProfile'\n        - {name: other, in: header, description: Something new., schema: {type: string}}\n",
		"      parameters:", "#/paths/~1v1~1messages~1batches/post/parameters: inventory.json lacks other"},
	{"inventory", "", "and absent differ.\n      type: object\n", "and absent differ.\n      type: object\n      additionalProperties: true\n",
		"openapi:", `#: "BetaFallbackParam: want other properties" no longer occurs: the SDK allows any; here a new one must be added to the contract`},

	{"limits have sources", "BetaMetadata", "          x-source: description 2026-06\n", "", "        user_id:", "/properties/user_id: maxLength lacks an x-source"},
	{"limits have sources", "BetaMetadata", "x-source: description 2026-06", "x-source: somebody", "          x-source:",
		`/properties/user_id/x-source: "somebody" is not a source as the head of the contract explains it`},
	{"limits have sources", "BetaRequestDocumentBlock", "{minLength: docs messages 2025-11-09, ", "{", "          x-source: {",
		`/properties/title/x-source: want a source for each of ["minLength" "maxLength"]`},
	{"limits have sources", "BetaToolChoiceTool", "          type: string\n", "          type: string\n          x-source: count\n", "          x-source:",
		"/properties/name/x-source: the source of a limit that does not exist"},
	{"limits have sources", "BetaWebSearchTool20260318", "x-source: like BetaWebSearchTool20260209", "x-source: like BetaTool", "          x-source:",
		"/properties/max_uses/x-source: BetaTool does not have the same minimum"},
	{"head has a date", "", "x-as-of: '20", "x-as-of: 'day 20", "  x-as-of:", "#/info/x-as-of: want x-as-of, a day"},

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
	{"unions have their form", "BetaCreateMessageParams", "          description: |-\n            Whether priority capacity may be used: `auto`, the default, uses it if available; `standard_only`\n            does not. Responses of a batch have the tier `batch`.\n          type: string\n          enum: [auto, standard_only]\n", "          anyOf: [{type: string, enum: [auto, standard_only]}, {type: string}]\n          description: A choice.\n",
		"        service_tier:", "/properties/service_tier: an open enum inside another schema: make it a component"},
	{"unions have their form", "BetaCreateMessageParams", "            - $ref: '#/components/schemas/BetaBillingPolicy'\n            - type: 'null'\n", "            - type: 'null'\n            - $ref: '#/components/schemas/BetaBillingPolicy'\n",
		"          anyOf:", "/properties/billing_policy/anyOf: want a reference, then `type: 'null'`"},
	{"unions have their form", "", "KnownBetaCaller", "FamiliarBetaCaller",
		"        - $ref: '#/components/schemas/FamiliarBetaCaller'", "#/components/schemas/BetaCaller/anyOf/0: want the name KnownBetaCaller"},
	{"unions have their form", "", "NewerBetaCaller", "OtherBetaCaller",
		"        - $ref: '#/components/schemas/OtherBetaCaller'", "#/components/schemas/BetaCaller/anyOf/1: want the name NewerBetaCaller"},
	{"unions have their form", "BetaCaller", "        - $ref: '#/components/schemas/KnownBetaCaller'\n        - $ref: '#/components/schemas/NewerBetaCaller'\n", "        - $ref: '#/components/schemas/NewerBetaCaller'\n        - $ref: '#/components/schemas/KnownBetaCaller'\n",
		"        - $ref: '#/components/schemas/NewerBetaCaller'", "/anyOf/0: unknown members come last in an anyOf"},
	{"unions decide", "BetaToolChoice", "          none: '#/components/schemas/BetaToolChoiceNone'\n", "",
		"        mapping:", "/discriminator/mapping: lacks none, which means BetaToolChoiceNone"},
	{"unions decide", "BetaToolChoice", "none: '#/components/schemas/BetaToolChoiceNone'", "none: '#/components/schemas/BetaToolChoiceAuto'",
		"          none:", "/discriminator/mapping/none: none does not mean #/components/schemas/BetaToolChoiceAuto"},
	{"unions decide", "BetaToolChoice", "          none:", "          nothing: '#/components/schemas/BetaToolChoiceNone'\n          none:",
		"          nothing:", "/discriminator/mapping/nothing: nothing does not mean #/components/schemas/BetaToolChoiceNone"},
	{"unions decide", "BetaSystemPrompt", "BetaTextBlocks", "BetaContainerID",
		"        - $ref: '#/components/schemas/BetaContainerID'", "/oneOf/1: BetaContainerID cannot be distinguished from an earlier member"},
	{"unions decide", "BetaThinkingKeep", "          const: all\n", "",
		"        - $ref: '#/components/schemas/BetaAllThinkingTurns'", "/oneOf/2: BetaAllThinkingTurns cannot be distinguished from an earlier member"},
	{"unions decide", "BetaThreadParams", "      discriminator:\n        propertyName: type\n        mapping:\n          create: '#/components/schemas/BetaThreadCreateParams'\n          continue: '#/components/schemas/BetaThreadContinueParams'\n", "      examples: [{type: create}]\n",
		"", ": a union of objects needs a discriminator"},
	{"unions decide", "BetaToolChoice", "      required: [type]\n      properties:\n        type:\n          description: Always `none`.\n          type: string\n          const: none\n", "      properties:\n        type:\n          description: Always `none`.\n          type: string\n          enum: [none]\n",
		"        - $ref: '#/components/schemas/BetaToolChoiceNone'", "/oneOf/3: BetaToolChoiceNone needs a constant type that is required"},
	{"unions decide", "BetaToolUnion", "      required: [input_schema, name]\n", "      required: [input_schema, name, type]\n",
		"        - $ref: '#/components/schemas/BetaTool'", "/anyOf/0: BetaTool needs a constant type that is not required"},
	{"unions decide", "BetaToolUnion", "enum: [custom, null]", "enum: [custom, bash_20250124, null]",
		"        - $ref: '#/components/schemas/BetaTypedTool'", "/anyOf/1: bash_20250124 means BetaTool too"},

	{"responses are open", "NewerBetaError", "enum: [invalid", "enum: [other, invalid",
		"          type:", "/not/properties/type/enum: other is not a known member"},
	{"responses are open", "NewerBetaMessageBatchResult", "canceled, expired]", "canceled]",
		"      not:", "/not/properties/type/enum: expired is a known member: want it under not"},
	{"responses are open", "NewerBetaMessageBatchResult", "      allOf: [{$ref: '#/components/schemas/NewerMember'}]\n", "",
		"", ": want an object that may have any property"},
	{"responses are open", "BetaResponseToolUnion", "        - $ref: '#/components/schemas/NewerBetaResponseToolUnion'\n", "",
		"", ": a union of responses: want a member with x-unknown-member at the end of its anyOf"},
	{"responses are open", "BetaSystemPrompt", "      oneOf:\n        - $ref: '#/components/schemas/BetaTextContent'\n        - $ref: '#/components/schemas/BetaTextBlocks'\n      examples: [Answer in one sentence.]\n", "      anyOf:\n        - $ref: '#/components/schemas/BetaTextContent'\n        - $ref: '#/components/schemas/BetaTextBlocks'\n        - $ref: '#/components/schemas/NewerBetaSystemPrompt'\n      examples: [Answer in one sentence.]\n    NewerBetaSystemPrompt:\n      description: A prompt of tomorrow.\n      type: object\n      x-unknown-member: true\n      additionalProperties: true\n",
		"    NewerBetaSystemPrompt:", "#/components/schemas/NewerBetaSystemPrompt: only requests use this union, and the service refuses a member that it does not know"},
	{"responses are open", "BetaRefusalCategory", "      anyOf:\n        - type: string\n          enum: [cyber, bio, frontier_llm, reasoning_extraction, general_harms]\n        - type: string\n", "      type: string\n      enum: [cyber, bio, frontier_llm, reasoning_extraction, general_harms]\n",
		"      enum:", "/enum: an enum of responses: want anyOf of the values and of any string"},

	{"operations are complete", "", "operationId: cancelMessageBatch", "operationId: cancel",
		"      operationId: cancel\n", "#/paths/~1v1~1messages~1batches~1{message_batch_id}~1cancel/post/operationId: want a verb and MessageBatch"},
	{"operations are complete", "", "        '402': {$ref: '#/components/responses/BillingProblem'}\n        '403': {$ref: '#/components/responses/Forbidden'}\n", "        '402': {$ref: '#/components/responses/BillingProblem'}\n",
		"      responses:", "#/paths/~1v1~1messages~1batches/post/responses: lacks 403"},
	{"operations are complete", "", "      summary: Create a batch and start it\n", "",
		"    post:", "#/paths/~1v1~1messages~1batches/post: lacks a summary"},
	{"components are used", "BetaToolChoiceNone", "      examples: [{type: none}]\n", "      examples: [{type: none}]\n    BetaToolChoiceSome:\n      description: A choice that nobody makes.\n      type: string\n      examples: [a]\n",
		"    BetaToolChoiceSome:", "#/components/schemas/BetaToolChoiceSome: no operation leads here"},
	{"names do not name kinds", "", "BetaClearAllToolInputs", "BetaClearAnyToolInputs",
		"    BetaClearAnyToolInputs:", "#/components/schemas/BetaClearAnyToolInputs: Any is a JSON kind"},
	{"properties are in order", "BetaBillingPolicy", "      required: [type]\n      properties:\n        type:\n          description: Always `billing_policy`.\n          type: string\n          const: billing_policy\n", "      properties:\n        a:\n          description: Always `billing_policy`.\n          type: string\n          const: billing_policy\n",
		"        a:", "/properties/a: a constant that is not required"},
	{"enums appear once", "BetaFallbackCreditTokenParam", "[strict, best_effort]", "[max, xhigh, high, medium, low]",
		"          enum:", "/properties/mode/enum: these values are in 2 places: make them a component"},
	{"extensions are explained", "", "  title: Message Batches", "  x-note: Hello\n  title: Message Batches", "  x-note:", "#/info/x-note: not as the head of the contract explains it: the head has no such extension"},
	{"extensions are explained", "NewerBetaMessageBatchResult", "x-unknown-member: true", "x-unknown-member: false", "      x-unknown-member:", "/x-unknown-member: not as the head of the contract explains it: this is not how it is used"},
	{"extensions are explained", "BetaMessageBatchPage", "x-strict: [data]", "x-strict: [dates]", "      x-strict:", "/x-strict: not as the head of the contract explains it: BetaMessageBatchPage has no dates"},
	{"extensions are explained", "BetaError", "x-strict: [type]", "x-strict: [code]", "      x-strict:", "/x-strict: not as the head of the contract explains it: BetaInvalidRequestError has no code"},
	{"extensions are explained", "BetaMetadata", "      properties:", "      x-strict: [user_id]\n      properties:", "      x-strict:", "/x-strict: not as the head of the contract explains it: it belongs to an object or a union of responses"},
	{"extensions are explained", "BetaMCPToolset", "x-needs-beta: [mcp-client-2025-11-20,", "x-needs-beta: [mcp-client-2025-11-21,", "      x-needs-beta:", "/x-needs-beta: not as the head of the contract explains it: AnthropicBeta has no mcp-client-2025-11-21"},
	{"extensions are explained", "BetaThinkingDisplay", "{updates: [", "{update: [", "      x-needs-beta:", "/x-needs-beta: not as the head of the contract explains it: there is no value update"},
	{"extensions are explained", "BetaAssistantMessageParam", "x-echo: true", "x-echo: false", "      x-echo:", "/x-echo: not as the head of the contract explains it: want true"},
	{"extensions are explained", "BetaRequestMCPServerURLDefinition", "x-source: docs mcp-connector 2026-08-22", "x-source: somebody", "          x-source:", "/properties/url/x-source: not as the head of the contract explains it: \"somebody\" is not a source"},
	{"extensions are explained", "BetaCreateMessageParams", "{versions: ['2026-10-21']", "{versions: ['2026-10-22']", "          x-refused:\n            - {versions:", "/properties/temperature/x-refused: not as the head of the contract explains it: AnthropicVersion has no 2026-10-22"},
	{"extensions are explained", "BetaBillingPolicy", "values: [user_profile]", "values: [other]", "          x-refused:", "/properties/bill_to/x-refused: not as the head of the contract explains it: there is no value other"},
	{"extensions are explained", "BetaBillingPolicy", "source: sdk-go 2.15.0", "source: sdk-go", "          x-refused:", "/properties/bill_to/x-refused: not as the head of the contract explains it: \"sdk-go\" is not a source"},
	{"extensions are explained", "BetaBillingPolicy", "{batch: true, values: [user_profile], source", "{source", "          x-refused:", "/properties/bill_to/x-refused: not as the head of the contract explains it: an entry without a condition"},
	{"extensions are explained", "BetaBillingPolicy", "source: sdk-go 2.15.0", "severity: none, source: sdk-go 2.15.0", "          x-refused:", "/properties/bill_to/x-refused: not as the head of the contract explains it: \"none\" is not a severity"},
	{"extensions are explained", "BetaThinkingConfigEnabled", "      x-refused:\n", "      x-refused:\n        - {models: no-thinking, source: sdk-go 2.15.0}\n", "      x-refused:", "/x-refused: not as the head of the contract explains it: there is no such fact as no-thinking"},
	{"extensions are explained", "BetaThinkingConfigEnabled", "at-least: /max_tokens", "at-least: /maximum", "          x-refused:", "/properties/budget_tokens/x-refused: not as the head of the contract explains it: /maximum leads to nothing"},
	{"extensions are explained", "BetaThinkingConfigEnabled", "betas: [interleaved-thinking-2025-05-14]", "betas: [interleaved-thinking]", "          x-refused:", "/properties/budget_tokens/x-refused: not as the head of the contract explains it: AnthropicBeta has no interleaved-thinking"},
	{"extensions are explained", "BetaToolChoiceAny", "[enabled]}", "[on]}", "      x-refused:", "/x-refused: not as the head of the contract explains it: /thinking/type has no value on"},
	{"extensions are explained", "BetaSystemMessageParam", "position: first", "position: start", "      x-refused:", "/x-refused: not as the head of the contract explains it: position is one of [\"first\" \"last\" \"not-last\" \"end\"], not \"start\""},
	{"extensions are explained", "BetaBase64PDFSource", "'^JVBERi0'", "'^(JVBERi0'", "          x-refused:", "/properties/data/x-refused: not as the head of the contract explains it: error parsing regexp: missing closing ): `^(JVBERi0`"},
	{"extensions are explained", "BetaCreateMessageParams", "rule: count\n", "rule: number\n", "      x-across:", "/x-across: not as the head of the contract explains it: there is no rule \"number\""},
	{"extensions are explained", "BetaCreateMessageParams", "most: 4\n", "once: true\n", "      x-across:", "/x-across: not as the head of the contract explains it: count has no once"},
	{"extensions are explained", "BetaCreateMessageParams", "each: ['/tools/*/name']", "each: ['/tools/name']", "      x-across:", "/x-across: not as the head of the contract explains it: /tools/name leads to nothing"},
	{"extensions are explained", "BetaCreateMessageParams", "calls: {type: tool_use,", "calls: {type: tool_used,", "      x-across:", "/x-across: not as the head of the contract explains it: nothing has the type tool_used"},
	{"extensions are explained", "Model", "end: '2026-06-30'", "end: June", "      x-deprecated:", "/x-deprecated: not as the head of the contract explains it: June is not a day"},
	{"extensions are explained", "Model", "instead: claude-mythos-5,", "instead: claude-mythos,", "      x-deprecated:", "/x-deprecated: not as the head of the contract explains it: Model has no claude-mythos"},
	{"extensions are explained", "Model", "with: output-300k-2026-03-24", "with: output-300k", "      x-facts:", "/x-facts: not as the head of the contract explains it: AnthropicBeta has no output-300k"},
	{"extensions are explained", "Model", "{models: no-effort-max, values", "{models: no-effort-xhigh, values", "        - fact: no-effort-max", "/x-facts/13/fact: no rule asks for the fact no-effort-max"},
	{"extensions are explained", "BetaCreateMessageParams", "stop: {instead: stop_sequences", "stop: {instead: stops", "      x-other-properties:", "/x-other-properties: not as the head of the contract explains it: there is no property stops"},
	{"extensions are explained", "BetaCreateMessageParams", "        store: {batch", "        stream: {batch", "      x-other-properties:", "/x-other-properties: not as the head of the contract explains it: stream is a property"},
	{"extensions are explained", "InputSchema", "at: top", "at: bottom", "      x-json-schema:", "/x-json-schema: not as the head of the contract explains it: at is top or everywhere, not \"bottom\""},
	{"extensions are explained", "BetaBillingPolicy", "batch: true, values", "batches: true, values",
		"          x-refused:", "/properties/bill_to/x-refused: not as the head of the contract explains it: unknown object member name"},

	{"words are plain", "BetaToolChoiceNone", "The choice that", "The answer that", "      description:", `/description: "answer" is not the field's word`},
	{"descriptions say something", "BetaToolChoiceNone", "          description: Always `none`.\n", "",
		"        type:", "/properties/type: lacks a description"},
	{"descriptions say something", "BetaToolChoiceNone", "calling tools.", "calling tools",
		"      description:", "/description: want a period at the end"},
	{"descriptions say something", "BetaToolChoiceNone", "The choice that", "Choice that",
		"      description:", "/description: want A, An, The, One, What, How or Where at the beginning"},
	{"descriptions say something", "BetaToolChoiceNone", "Always `none`.", "The type of the choice.",
		"          description:", "/properties/type/description: says no more than the name"},
	{"descriptions say something", "", "    RequestID:\n      description: ID of this call. Error bodies repeat it as `request_id`.", "    RequestID:\n      description: Id of the request.",
		"      description: Id of the request.", "#/components/headers/RequestID/description: says no more than the name"},
	{"properties are in order", "BetaToolChoiceAuto", "      examples:", "        a:\n          description: Something else.\n          type: string\n      examples:",
		"        a:", "/properties/a: a belongs before disable_parallel_tool_use"},
	{"properties are in order", "BetaToolChoiceTool", "      required: [name, type]\n", "      required: [disable_parallel_tool_use, name, type]\n",
		"        disable_parallel_tool_use:", "/properties/disable_parallel_tool_use: disable_parallel_tool_use belongs before type"},
	{"properties are in order", "BetaToolChoiceTool", "[name, type]", "[type, name]", "      required:", "/required/1: name belongs before type"},
	{"properties are in order", "BetaToolChoiceTool", "[name, type]", "[name, other, type]",
		"      required:", "/required/1: there is no property other"},
	{"keys are in order", "BetaToolChoiceNone", "      type: object\n      required: [type]\n", "      required: [type]\n      type: object\n",
		"      type:", "/type: type belongs before required"},
	{"keys are in order", "BetaToolChoiceNone", "          const: none\n", "          const: none\n          title: None\n",
		"          title:", "/properties/type/title: the contract does not use title here"},
	{"parts are in order", "", "    # ── Usage ─", "    # ── Errors ─\n    # ── Usage ─", "    # ── Errors ─\n", "#: Errors is out of order"},
	{"parts are in order", "", "    # ── Usage ─", "    # Usage ─", "  schemas:", "#/components/schemas: part Usage is missing"},
	{"lines are short", "BetaToolChoiceNone", "calling tools.", "calling tools." + strings.Repeat(".", 100), "      description:", "#: 173 columns"},
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
