package messages_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/messages"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

// message decodes a message with blocks in JSON.
func message(t testing.TB, blocks ...string) *client.Message {
	t.Helper()
	m := new(client.Message)
	if err := m.UnmarshalJSON([]byte(`{"type":"message","stop_reason":"end_turn","content":[` + strings.Join(blocks, ",") + `]}`)); err != nil {
		t.Fatal(err)
	}
	return m
}

// blocksOf returns the blocks of an input message.
func blocksOf(t testing.TB, m client.InputMessage) client.ContentBlocks {
	t.Helper()
	switch m := m.(type) {
	case *client.AssistantMessage:
		return m.Content.(client.ContentBlocks)
	case *client.UserMessage:
		return m.Content.(client.ContentBlocks)
	}
	t.Fatalf("%T has no blocks", m)
	return nil
}

// turnJSON returns the blocks of a message's turn in the JSON that would be sent.
func turnJSON(t testing.TB, m *client.Message) []string {
	t.Helper()
	turn, err := messages.AssistantTurn(m)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, b := range blocksOf(t, turn) {
		list = append(list, encode(t, b))
	}
	return list
}

func encode(t testing.TB, x any) string {
	t.Helper()
	b, err := x.(json.Marshaler).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestEveryBlock iterates over the contract: each member of the union of output blocks, in every form that its schema
// allows, is converted to an input block that fits the contract and keeps every property that the input block can have.
func TestEveryBlock(t *testing.T) {
	t.Parallel()
	schemas := contract.Load().Components.Schemas
	input := schemas["BetaContentBlockParam"].Value
	var samples int
	members := schemas["BetaContentBlock"].Value.Discriminator.Mapping
	for _, tag := range slices.Sorted(maps.Keys(members)) {
		name := members[tag].Ref[strings.LastIndex(members[tag].Ref, "/")+1:]
		forms := samplesOf(schemas[name].Value)
		if example := contract.ExampleOf(name); example != nil {
			forms = append(forms, example)
		}
		samples += len(forms)
		for i, sample := range forms {
			t.Run(fmt.Sprintf("%s/%d", tag, i), func(t *testing.T) { checkBlock(t, input, sample) })
		}
	}
	t.Logf("%d output blocks, %d forms of them", len(members), samples)
	if len(members) < 18 || samples < 50 {
		t.Errorf("only %d blocks and %d forms: the test misses some", len(members), samples)
	}
}

func checkBlock(t *testing.T, input *openapi3.Schema, sample any) {
	raw, err := json.Marshal(sample)
	if err != nil {
		t.Fatal(err)
	}
	m := message(t, string(raw), `{"type":"text","text":"a"}`) // thinking must not be the last block
	if u, ok := m.Content[0].(*client.Unknown); ok {
		t.Fatalf("gen does not know %q", u.Type)
	}
	turn, err := messages.AssistantTurn(m)
	if err != nil {
		t.Fatal(err)
	}
	got := encode(t, blocksOf(t, turn)[0])
	if err := contract.LoadForChecks().Components.Schemas["BetaContentBlockParam"].Value.VisitJSON(value(t, got)); err != nil {
		t.Errorf("the turn does not fit the contract: %v", err)
	}
	want := prune(value(t, string(raw)), input)
	if diff := cmp.Diff(want, withoutZero(value(t, got))); diff != "" {
		t.Errorf("the turn lacks properties (-block +turn):\n%s", diff)
	}
}

func value(t testing.TB, s string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// samplesOf returns values that fit a schema: one with every property, and for each union in it one for each member.
func samplesOf(s *openapi3.Schema) []any {
	switch {
	case s.Const != nil:
		return []any{s.Const}
	case len(s.Enum) > 0:
		return []any{s.Enum[0]}
	case len(s.OneOf)+len(s.AnyOf) > 0:
		var all []any
		for _, member := range slices.Concat(s.OneOf, s.AnyOf) {
			if !member.Value.Type.Is("null") {
				all = append(all, samplesOf(member.Value)...)
			}
		}
		return all
	case s.Type.Includes("array"):
		return []any{samplesOf(s.Items.Value)}
	case s.Type.Includes("integer"):
		if s.Min != nil {
			return []any{max(7, *s.Min)}
		}
		return []any{7}
	case s.Type.Includes("boolean"):
		return []any{true}
	case s.Type.Includes("string"):
		text := "srvtoolu_01"
		if s.MaxLength != nil {
			text = text[:min(len(text), int(*s.MaxLength))]
		}
		return []any{text}
	case s.AdditionalProperties.Schema != nil:
		return []any{map[string]any{"a": samplesOf(s.AdditionalProperties.Schema.Value)[0]}}
	case len(s.Properties) == 0:
		return []any{map[string]any{"type": "object", "b": "<&>", "a": []any{1.5, nil}}}
	}
	full := make(map[string]any)
	var others []any
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		values := samplesOf(s.Properties[name].Value)
		full[name] = values[0]
		for _, v := range values[1:] {
			others = append(others, map[string]any{name: v})
		}
	}
	all := []any{full}
	for _, o := range others {
		variant := maps.Clone(full)
		maps.Copy(variant, o.(map[string]any))
		all = append(all, variant)
	}
	return all
}

// prune removes from a value the properties that a schema does not have, and those that may be omitted.
func prune(v any, s *openapi3.Schema) any {
	if len(s.OneOf)+len(s.AnyOf) > 0 {
		return prune(v, memberFor(v, s))
	}
	switch v := v.(type) {
	case map[string]any:
		if len(s.Properties) == 0 || s.AdditionalProperties.Has != nil {
			return v
		}
		out := make(map[string]any)
		for name, x := range v {
			if p, ok := s.Properties[name]; ok && !isZero(x) {
				out[name] = prune(x, p.Value)
			}
		}
		return out
	case []any:
		if s.Items == nil {
			return v
		}
		out := make([]any, len(v))
		for i := range v {
			out[i] = prune(v[i], s.Items.Value)
		}
		return out
	}
	return v
}

// memberFor returns the member of a union that a value is.
func memberFor(v any, s *openapi3.Schema) *openapi3.Schema {
	for _, member := range slices.Concat(s.OneOf, s.AnyOf) {
		m := member.Value
		switch v := v.(type) {
		case map[string]any:
			tag, ok := m.Properties["type"]
			isCustom := ok && tag.Value.Const == nil && (v["type"] == nil || v["type"] == "custom")
			if m.Type.Includes("object") && (!ok || isCustom || tag.Value.Const == v["type"] || slices.Contains(tag.Value.Enum, v["type"])) {
				return m
			}
		case []any:
			if m.Type.Includes("array") {
				return m
			}
		case string:
			if m.Type.Includes("string") {
				return m
			}
		}
	}
	return &openapi3.Schema{}
}

// isZero reports whether a property with this value may be omitted: custom is the default type of a tool.
func isZero(x any) bool { return x == nil || x == false || x == "custom" }

func withoutZero(v any) any {
	switch v := v.(type) {
	case map[string]any:
		maps.DeleteFunc(v, func(_ string, x any) bool { return isZero(x) })
		for name := range v {
			v[name] = withoutZero(v[name])
		}
	case []any:
		for i := range v {
			v[i] = withoutZero(v[i])
		}
	}
	return v
}

func TestAssistantTurnKeepsBytes(t *testing.T) {
	t.Parallel()
	for name, block := range map[string]string{
		"thinking/signature":        `{"type":"thinking","signature":"Er+/8A==  é<&","thinking":"a  b\n"}`,
		"thinking/omitted":          `{"type":"thinking","signature":"sig","thinking":""}`,
		"thinking/redacted":         `{"type":"redacted_thinking","data":"Ab+/=="}`,
		"tool use/input":            `{"type":"tool_use","id":"toolu_1","input":{"z":12345678901234567890,"a":1.50,"z2":"\u003c<&\u00e9é","n":1e400},"name":"f"}`,
		"tool use/caller":           `{"type":"tool_use","caller":{"type":"code_execution_20260120","tool_id":"srvtoolu_1"},"id":"toolu_1","input":{},"name":"f"}`,
		"tool use/no input":         `{"type":"tool_use","id":"toolu_1","input":null,"name":"f"}`,
		"server tool use/input":     `{"type":"server_tool_use","id":"srvtoolu_1","input":{"b":1.0,"a":0},"name":"web_search"}`,
		"unknown/block":             `{"type":"hologram","size":[1,2.50],"n":1e400}`,
		"unknown/only input has it": `{"type":"image","source":{"type":"url","url":"u"},"new":1.0}`,
		"unknown/inside":            `{"type":"web_search_tool_result","content":{"type":"hologram","n":2.50},"tool_use_id":"srvtoolu_1"}`,
		"text/spaces":               `{"type":"text","text":"  a \n"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := turnJSON(t, message(t, block, `{"type":"text","text":"the end"}`)); len(got) != 2 || got[0] != block {
				t.Errorf("got %s, want %s", got, block)
			}
		})
	}
}

// TestAssistantTurnLeavesOut covers blocks that the service would refuse, and properties that gen does not know.
func TestAssistantTurnLeavesOut(t *testing.T) {
	t.Parallel()
	const (
		text     = `{"type":"text","text":"a"}`
		thinking = `{"type":"thinking","signature":"s","thinking":"t"}`
		redacted = `{"type":"redacted_thinking","data":"d"}`
		call     = `{"type":"tool_use","id":"toolu_1","input":{},"name":"f"}`
		search   = `{"type":"server_tool_use","id":"srvtoolu_1","input":{},"name":"web_search"}`
		mcp      = `{"type":"mcp_tool_use","id":"mcptoolu_1","input":{},"name":"f","server_name":"s"}`
		found    = `{"type":"web_search_tool_result","content":[],"tool_use_id":"srvtoolu_1"}`
		fallback = `{"type":"fallback","from":{"model":"a"},"to":{"model":"b"},"trigger":{"category":"bio","type":"refusal"}}`
	)
	for name, tt := range map[string]struct{ in, want []string }{
		"text/empty":          {[]string{text, `{"type":"text","text":""}`}, []string{text}},
		"text/white space":    {[]string{`{"type":"text","text":" \n\u00a0"}`, text}, []string{text}},
		"text/no sources":     {[]string{`{"type":"text","text":"a","citations":null}`}, []string{text}},
		"thinking/unsigned":   {[]string{`{"type":"thinking","signature":"","thinking":"t"}`, text}, []string{text}},
		"thinking/at the end": {[]string{thinking, text, thinking, redacted}, []string{thinking, text}},
		"block/null":          {[]string{`null`, text}, []string{text}},
		"block/new property": {[]string{`{"type":"text","text":"a","mood":"fine"}`, `{"type":"thinking","signature":"s","thinking":"t","depth":2}`, text},
			[]string{text, thinking, text}},
		"citation/file id": {[]string{`{"type":"text","text":"a","citations":[{"type":"char_location","cited_text":"c","document_index":0,"document_title":"d","start_char_index":0,"end_char_index":1,"file_id":"file_1"}]}`},
			[]string{`{"citations":[{"type":"char_location","cited_text":"c","document_index":0,"document_title":"d","end_char_index":1,"start_char_index":0}],"type":"text","text":"a"}`}},
		"call/without result": {[]string{text, search, call}, []string{text, search, call}},
		"fallback/before":     {[]string{thinking, redacted, text, call, search, mcp, fallback, text}, []string{text, fallback, text}},
		"fallback/result":     {[]string{search, found, mcp, fallback, text}, []string{search, found, fallback, text}},
		"fallback/case":       {[]string{search, `{"type":"new_result","Tool_Use_ID":"srvtoolu_1"}`, fallback, text}, []string{`{"type":"new_result","Tool_Use_ID":"srvtoolu_1"}`, fallback, text}},
		"fallback/both cases": {[]string{search, `{"type":"new_result","tool_use_id":"srvtoolu_1","Tool_Use_ID":""}`, fallback, text}, []string{search, `{"type":"new_result","tool_use_id":"srvtoolu_1","Tool_Use_ID":""}`, fallback, text}},
		"fallback/no id":      {[]string{`{"type":"server_tool_use","id":"","input":{},"name":"web_search"}`, fallback, text}, []string{fallback, text}},
		"fallback/behind":     {[]string{text, fallback, thinking, search, call}, []string{text, fallback, thinking, search, call}},
		"fallback/two":        {[]string{thinking, fallback, thinking, text, fallback, thinking, text}, []string{fallback, text, fallback, thinking, text}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got, want []any
			for _, s := range turnJSON(t, message(t, tt.in...)) {
				got = append(got, withoutZero(value(t, s)))
			}
			for _, s := range tt.want {
				want = append(want, value(t, s))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAssistantTurnErrors(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]*client.Message{
		"message/nil":       nil,
		"content/none":      {},
		"content/empty":     message(t, `{"type":"text","text":""}`),
		"content/thinking":  message(t, `{"type":"thinking","signature":"s","thinking":"t"}`),
		"content/not UTF-8": {Content: []client.ContentBlock{&client.TextBlock{Text: "\xff"}}},
		"content/not JSON":  {Content: []client.ContentBlock{&client.ToolUseBlock{ID: "a", Input: []byte(`{`)}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if turn, err := messages.AssistantTurn(m); err == nil || turn != nil {
				t.Errorf("got %v, %v", turn, err)
			}
		})
	}
}

// TestAssistantTurnIsACopy changes the turn, and checks that the message stays the same.
func TestAssistantTurnIsACopy(t *testing.T) {
	t.Parallel()
	m := message(t, `{"type":"tool_use","id":"toolu_1","input":{"a":1},"name":"f"}`)
	turn, err := messages.AssistantTurn(m)
	if err != nil {
		t.Fatal(err)
	}
	use := blocksOf(t, turn)[0].(*client.ToolUseBlockParam)
	copy(use.Input, bytes.Repeat([]byte(" "), 100))
	use.Name = "g"
	if got := m.Content[0].(*client.ToolUseBlock); got.Name != "f" || string(got.Input) != `{"a":1}` {
		t.Errorf("the message has changed: %+v", got)
	}
}
