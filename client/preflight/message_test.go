package preflight_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

func TestMessages(t *testing.T) {
	t.Parallel()
	newer := preflight.Options{Version: gen.AnthropicVersionV20261021}
	for _, tt := range []struct {
		part, text string
		options    preflight.Options
		want       string
	}{
		{"request", `{]`, preflight.Options{}, `request 0: not one whole JSON object, at byte 1: invalid character ']' at start of string (expecting '"') [json]`},
		{"params", `{"max_tokens":"16"}`, preflight.Options{}, "request 0 (a) /params/max_tokens: expected a whole number, got a string [type]"},
		{"params", `{"max_tokens":1.5}`, preflight.Options{}, "request 0 (a) /params/max_tokens: expected a whole number, got a fraction [type]"},
		{"params", `{"temperature":1e999}`, preflight.Options{}, "request 0 (a) /params/temperature: does not fit into 64 bits [type]"},
		{"params", `{"system":5}`, preflight.Options{}, "request 0 (a) /params/system: expected a string or a list, got a number [type]"},
		{"params", `{"metadata":null}`, preflight.Options{}, "request 0 (a) /params/metadata: expected an object, got null [type]"},
		{"params", `{"messages":null}`, preflight.Options{}, "request 0 (a) /params/messages: expected a list, got null [type]"},
		{"request", `{"custom_id":"a","params":{}}`, preflight.Options{Disable: []preflight.Rule{preflight.Limit}}, `request 0 (a) /params/max_tokens: "max_tokens" is missing [required]`},
		{"block", `{"text":"x"}`, preflight.Options{}, `request 0 (a) /params/messages/0/content/0/type: "type" is missing or not a string: it must be one of "advisor_tool_result", "bash_code_execution_tool_result", "code_execution_tool_result", "compaction", "container_upload", "document", "fallback", "image", "mcp_tool_listing", "mcp_tool_result", "mcp_tool_use", "redacted_thinking" and 12 others [required]`},
		{"params", `{"service_tier":"flex"}`, preflight.Options{}, `request 0 (a) /params/service_tier: must be "auto" or "standard_only" [enum]`},
		{"params", `{"service_tier":"standard-only"}`, preflight.Options{}, `request 0 (a) /params/service_tier: must be "auto" or "standard_only": did you mean "standard_only"? [enum]`},
		{"message", `{"role":"asistant","content":"x"}`, preflight.Options{}, `request 0 (a) /params/messages/0/role: must be "assistant", "system" or "user": did you mean "assistant"? [variant]`},
		{"tool", `{"type":"web_search_20250306"}`, preflight.Options{}, `request 0 (a) /params/tools/0/type: is not one of the 30 known values: did you mean "web_search_20250305"? [variant]`},
		{"params", `{"max_tokens":0}`, preflight.Options{}, "request 0 (a) /params/max_tokens: must be at least 1 [limit]"},
		{"params", `{"top_p":2}`, preflight.Options{}, "request 0 (a) /params/top_p: must be at most 1 [limit]"},
		{"params", `{"metadata":{"user_id":"«513 é»"}}`, preflight.Options{}, "request 0 (a) /params/metadata/user_id: may have at most 512 characters, has 513 [limit]"},
		{"block", `{"type":"text","text":""}`, preflight.Options{}, "request 0 (a) /params/messages/0/content/0/text: must not be empty [limit]"},
		{"tool", `{"type":"web_search_20250305","name":"web_search","user_location":{"type":"approximate","country":"C"}}`, preflight.Options{}, "request 0 (a) /params/tools/0/user_location/country: needs at least 2 characters, has 1 [limit]"},
		{"params", `{"container":{"skills":[«21, {"type":"custom","skill_id":"s"}»]}}`, preflight.Options{}, "request 0 (a) /params/container/skills: may have at most 20 elements, has 21 [limit]"},
		{"params", `{"messages":[]}`, preflight.Options{}, "request 0 (a) /params/messages: must not be empty [limit]"},
		{"tool", `{"name":"a b","input_schema":{"type":"object"}}`, preflight.Options{}, "request 0 (a) /params/tools/0/name: must match ^[a-zA-Z0-9_-]{1,128}$ [pattern]"},
		{"block", `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"data:,"}}`, preflight.Options{}, "request 0 (a) /params/messages/0/content/0/source/data: must be base64, without line breaks and without the beginning of a data URL [pattern]"},
		{"params", `{"maxtokens":5}`, preflight.Options{}, "request 0 (a) /params/maxtokens: the contract does not know this property: the service may refuse it [unknown-property]"},
		{"params", `{"toolChoice":{}}`, preflight.Options{}, `request 0 (a) /params/toolChoice: there is no such property: did you mean "tool_choice"? [unknown-property]`},
		{"params", `{"model":"claude-opus-4.5"}`, preflight.Options{}, `request 0 (a) /params/model: the contract does not know this model: did you mean "claude-opus-4-5"? [unknown-model]`},
		{"params", `{"model":"gpt-4o"}`, preflight.Options{}, "request 0 (a) /params/model: the contract does not know this model [unknown-model]"},
		{"params", `{"fallbacks":[]}`, preflight.Options{}, `request 0 (a) /params/fallbacks: needs the beta "server-side-fallback-2026-06-01" or "server-side-fallback-2026-07-01" [missing-beta]`},
		{"params", `{"stream":true}`, preflight.Options{}, "request 0 (a) /params/stream: a request inside a batch must not have true here [refused-by-batch]"},
		{"params", `{"store":true}`, preflight.Options{}, `request 0 (a) /params/store: a request inside a batch must not have "store" [refused-by-batch]`},
		{"params", `{"top_k":5}`, newer, `request 0 (a) /params/top_k: version 2026-10-21 does not accept "top_k", whatever its value [refused-by-version]`},
		{"params", `{}`, preflight.Options{Version: "2026-10-12"}, `batch: the contract does not know the version "2026-10-12": what it refuses is not checked [unknown-version]`},
		{"params", `{}`, preflight.Options{Betas: []gen.AnthropicBeta{"x-2026-01-01"}}, `batch: the contract does not know the beta "x-2026-01-01": the service refuses betas that it does not know [unknown-beta]`},
		{"request", ``, preflight.Options{}, "batch: a batch has 1 to 100000 requests, and there are none: the file is empty [batch-count]"},
	} {
		issues := check(t, complete(t, tt.part, tt.text), tt.options)
		if len(issues) == 0 || issues[0].String() != tt.want {
			t.Errorf("%s\ngot  %v\nwant %s", tt.text, issues, tt.want)
		}
	}
}

// TestMessagesHoldNoTexts puts a secret into every string and every name of many requests, and truncates lines at every
// byte: no message may repeat text of a request.
func TestMessagesHoldNoTexts(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	var lines []string
	eachPart(t, func(request any, at jsontext.Pointer, part any) {
		switch part := part.(type) {
		case string:
			lines = append(lines, marshal(t, replace(request, at, secret)), marshal(t, replace(request, at, part+secret)))
		case map[string]any:
			more := map[string]any{secret: secret}
			for name := range part {
				more[name], more[name+secret] = part[name], part[name]
			}
			lines = append(lines, marshal(t, replace(request, at, more)))
		}
	})
	line := strings.NewReplacer("Hi", secret, `"params":{`, `"params":{"`+secret+`":{"`+secret+`":["`+secret+`"]},`).Replace(good(secret))
	for i := range len(line) {
		for _, wrong := range []string{"", `"`, `\`, "\xff", "}", "]", ",", ":", "x", "{", "[", "-", `\ud800`, `\u00`, "\x00"} {
			lines = append(lines, line[:i]+wrong, line[:i]+wrong+line[i:])
		}
	}
	issues := check(t, strings.Join(lines, "\n"), preflight.Options{Version: gen.AnthropicVersionV20261021})
	for _, i := range issues {
		if strings.Contains(i.Message, secret) {
			t.Errorf("%s\n%v", lines[i.Line-1], i)
		}
	}
	t.Logf("%d messages", len(issues))
}

// TestUnwritableValues checks that Go values that cannot be written as JSON are reported with their place.
func TestUnwritableValues(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	nan := 0.0
	nan /= nan
	user := func(s string) []gen.BetaMessageParam {
		return []gen.BetaMessageParam{&gen.BetaUserMessageParam{Content: gen.BetaTextContent(s)}}
	}
	var requests []gen.BetaMessageBatchIndividualRequestParams
	want := []string{}
	for _, tt := range []struct {
		id     string
		params gen.BetaCreateMessageParams
		want   string
	}{
		{"text", gen.BetaCreateMessageParams{Messages: user(secret + "\xff")}, "request 0 (text) /params/messages/0/content: cannot be written as JSON: invalid UTF-8 [json]"},
		{"nan", gen.BetaCreateMessageParams{Temperature: &nan}, "request 1 (nan) /params/temperature: cannot be written as JSON: JSON has no NaN and no infinity [json]"},
		{"free", gen.BetaCreateMessageParams{Tools: []gen.BetaToolUnion{&gen.BetaTool{Name: secret, InputSchema: jsontext.Value(`{"` + secret + `":]}`)}}}, "request 2 (free) /params/tools/0/input_schema/hunter2: cannot be written as JSON: invalid character ']' at start of value [json]"},
		{"bad id " + secret, gen.BetaCreateMessageParams{Messages: user("\xff")}, "request 3 /params/messages/0/content: cannot be written as JSON: invalid UTF-8 [json]"},
		{"extra", gen.BetaCreateMessageParams{Extra: map[string]jsontext.Value{secret: jsontext.Value("\xff")}}, `request 4 (extra) /params/hunter2: cannot be written as JSON: invalid character '\xff' at start of value [json]`},
	} {
		requests = append(requests, gen.BetaMessageBatchIndividualRequestParams{CustomID: tt.id, Params: tt.params})
		want = append(want, tt.want)
	}
	issues := preflight.Check(requests, preflight.Options{}).Issues
	if len(issues) != len(want) {
		t.Fatal(issues)
	}
	for n, i := range issues {
		if i.String() != want[n] {
			t.Errorf("got  %v\nwant %s", i, want[n])
		}
		if strings.Contains(i.Message, secret) || strings.Contains(i.CustomID, secret) || i.Index != n {
			t.Errorf("got %v", i)
		}
	}
}
