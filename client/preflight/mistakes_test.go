package preflight_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A maker makes one mistake in a valid request.
type maker struct {
	*rand.Rand
	params map[string]any
}

// A part is an object in the params.
type part struct {
	at     jsontext.Pointer
	object map[string]any
}

// parts returns the objects in a parameter for which is returns true, in the order of lists.
func (m *maker) parts(parameter string, is func(o map[string]any) bool) (all []part) {
	var visit func(v any, at jsontext.Pointer)
	visit = func(v any, at jsontext.Pointer) {
		switch v := v.(type) {
		case []any:
			for i := range v {
				visit(v[i], at.AppendToken(fmt.Sprint(i)))
			}
		case map[string]any:
			if is(v) {
				all = append(all, part{at, v})
			}
			for _, name := range slices.Sorted(maps.Keys(v)) {
				if name != "input" && name != "input_schema" && name != "schema" { // free JSON
					visit(v[name], at.AppendToken(name))
				}
			}
		}
	}
	visit(m.params[parameter], jsontext.Pointer("/params/"+parameter))
	return all
}

func ofType(kinds ...string) func(map[string]any) bool {
	return func(o map[string]any) bool {
		kind, _ := o["type"].(string)
		return slices.Contains(kinds, kind)
	}
}

func isTool(o map[string]any) bool { return o["name"] != nil && o["input_schema"] != nil }

// results adds the places of results, which may follow a new text in the same turn.
func (m *maker) results(at []jsontext.Pointer) []jsontext.Pointer {
	for _, p := range m.parts("messages", ofType("tool_result")) {
		at = append(at, p.at+"/tool_use_id")
	}
	return at
}

// tools returns the tools of the user.
func (m *maker) tools() []part {
	return slices.DeleteFunc(m.parts("tools", isTool), func(p part) bool { return strings.Count(string(p.at), "/") > 3 })
}

// one picks one of the parts.
func (m *maker) one(parts []part) (part, bool) {
	if len(parts) == 0 {
		return part{}, false
	}
	return parts[m.IntN(len(parts))], true
}

// say adds a message, preceded by an assistant message if the last one is a system message.
func (m *maker) say(role string, content any) (index int) {
	messages := m.messages()
	if last := messages[len(messages)-1].(map[string]any); last["role"] == "system" && role == "user" {
		messages = append(messages, map[string]any{"role": "assistant", "content": "Yes?"})
	}
	m.params["messages"] = append(messages, map[string]any{"role": role, "content": content})
	return len(m.messages()) - 1
}

func (m *maker) messages() []any {
	messages, _ := m.params["messages"].([]any)
	return messages
}

// plain sets the model, and removes parameters that it may refuse.
func (m *maker) plain(model string) {
	for name := range strings.FieldsSeq("thinking temperature top_p top_k inference_geo output_config output_format tool_choice") {
		delete(m.params, name)
	}
	m.params["model"], m.params["max_tokens"] = model, 4096
	for _, message := range m.messages() {
		if message := message.(map[string]any); message["role"] == "system" {
			delete(message, "output_config")
			if message["content"] == nil {
				message["content"] = "Be brief."
			}
		}
	}
}

// breakpoints removes all breakpoints, and returns n places for others in the order in which they count.
func (m *maker) breakpoints(n int) []part {
	delete(m.params, "cache_control")
	var all []part
	for _, parameter := range []string{"tools", "system", "messages"} {
		for _, p := range m.parts(parameter, func(o map[string]any) bool { delete(o, "cache_control"); return true }) {
			if parameter == "tools" && isTool(p.object) && strings.Count(string(p.at), "/") == 3 && p.object["defer_loading"] != true || ofType("text", "image", "document", "tool_use", "tool_result")(p.object) && !strings.Contains(string(p.at), "/source") {
				all = append(all, p)
			}
		}
	}
	for len(all) > n {
		k := m.IntN(len(all))
		all = slices.Delete(all, k, k+1)
	}
	if len(all) < n {
		return nil
	}
	return all
}

// mistakes are typical mistakes, by rule. Each changes params, and returns the places where preflight may find it, or
// none if it does not apply.
func mistakes() map[preflight.Rule][]func(m *maker) []jsontext.Pointer {
	return map[preflight.Rule][]func(m *maker) []jsontext.Pointer{
		preflight.TooMany: {func(m *maker) (at []jsontext.Pointer) {
			var texts []any
			for range m.IntN(6) {
				texts = append(texts, map[string]any{"type": "text", "text": "And?"})
			}
			if texts != nil {
				m.say("user", texts)
			}
			for _, p := range m.breakpoints(5) {
				p.object["cache_control"] = map[string]any{"type": "ephemeral"}
				at = append(at, p.at+"/cache_control")
			}
			return at
		}},
		preflight.Order: {func(m *maker) []jsontext.Pointer {
			all := m.breakpoints(2)
			if all == nil || strings.HasPrefix(string(all[1].at), string(all[0].at)) { // nested: the inner one comes first
				return nil
			}
			all[0].object["cache_control"] = map[string]any{"type": "ephemeral"}
			all[1].object["cache_control"] = map[string]any{"type": "ephemeral", "ttl": "1h"}
			return []jsontext.Pointer{all[1].at + "/cache_control"}
		}},
		preflight.Unpaired: {
			func(m *maker) []jsontext.Pointer { // the results are missing
				call, ok := m.one(m.parts("messages", ofType("tool_use")))
				same := func(o map[string]any) bool { return ofType("tool_use")(o) && o["id"] == call.object["id"] }
				if !ok || len(m.parts("messages", same)) > 1 {
					return nil
				}
				for _, message := range m.messages() {
					message := message.(map[string]any)
					content, _ := message["content"].([]any)
					left := slices.DeleteFunc(slices.Clone(content), func(b any) bool {
						return ofType("tool_result")(b.(map[string]any)) && b.(map[string]any)["tool_use_id"] == call.object["id"]
					})
					switch {
					case len(left) == len(content):
					case len(left) == 0:
						message["content"] = "What?"
					default:
						message["content"] = left
					}
				}
				return m.results([]jsontext.Pointer{call.at + "/id"})
			},
			func(m *maker) []jsontext.Pointer { // a text comes before them
				for _, message := range m.messages() {
					content, _ := message.(map[string]any)["content"].([]any)
					if len(content) > 0 && ofType("tool_result")(content[0].(map[string]any)) {
						message.(map[string]any)["content"] = slices.Insert(content, 0, any(map[string]any{"type": "text", "text": "Here:"}))
						return m.results(nil)
					}
				}
				return nil
			},
			func(m *maker) []jsontext.Pointer { // a result without a call
				m.say("assistant", "Yes?")
				i := m.say("user", []any{map[string]any{"type": "tool_result", "tool_use_id": "toolu_x"}})
				return []jsontext.Pointer{jsontext.Pointer(fmt.Sprintf("/params/messages/%d/content/0/tool_use_id", i))}
			},
		},
		preflight.Misplaced: {
			func(m *maker) []jsontext.Pointer {
				m.params["messages"] = slices.Insert(m.messages(), 0, any(map[string]any{"role": "system", "content": "Be brief."}))
				return []jsontext.Pointer{"/params/messages/0"}
			},
			func(m *maker) []jsontext.Pointer {
				if last := m.messages()[len(m.messages())-1].(map[string]any); last["role"] != "user" {
					return nil
				}
				i := m.say("system", "Be brief.")
				m.params["messages"] = append(m.messages(), map[string]any{"role": "user", "content": "Well?"})
				return []jsontext.Pointer{jsontext.Pointer(fmt.Sprintf("/params/messages/%d", i))}
			},
			func(m *maker) []jsontext.Pointer {
				for i, message := range m.messages() {
					message := message.(map[string]any)
					content, _ := message["content"].([]any)
					if message["role"] == "user" && content != nil {
						message["content"] = append(content, map[string]any{"type": "tool_use", "id": "toolu_x", "name": "x", "input": map[string]any{}})
						return []jsontext.Pointer{jsontext.Pointer(fmt.Sprintf("/params/messages/%d/content/%d", i, len(content)))}
					}
				}
				return nil
			},
		},
		preflight.RefusedValue: {
			func(m *maker) []jsontext.Pointer {
				p, ok := m.one(slices.Concat(m.parts("messages", ofType("text")), m.parts("system", ofType("text"))))
				if _, text := p.object["text"].(string); !ok || !text { // a document's source is of type text too
					return nil
				}
				p.object["text"] = []any{" ", "\n\n", "\t \u000c"}[m.IntN(3)]
				return []jsontext.Pointer{p.at + "/text"}
			},
			func(m *maker) []jsontext.Pointer {
				i := m.say("user", []any{"", []any{}}[m.IntN(2)])
				return []jsontext.Pointer{jsontext.Pointer(fmt.Sprintf("/params/messages/%d/content", i))}
			},
			func(m *maker) []jsontext.Pointer {
				sequences, _ := m.params["stop_sequences"].([]any)
				m.params["stop_sequences"] = append(sequences, " ")
				return []jsontext.Pointer{jsontext.Pointer(fmt.Sprintf("/params/stop_sequences/%d", len(sequences)))}
			},
			func(m *maker) []jsontext.Pointer {
				p, ok := m.one(m.parts("messages", ofType("base64")))
				if !ok {
					return nil
				}
				p.object["data"] = "AAAA"
				return []jsontext.Pointer{p.at + "/data"}
			},
		},
		preflight.RefusedByModel: {
			func(m *maker) []jsontext.Pointer {
				m.plain("claude-opus-5")
				m.params["temperature"] = 0.5
				return []jsontext.Pointer{"/params/temperature"}
			},
			func(m *maker) []jsontext.Pointer {
				m.plain("claude-sonnet-4-6")
				i := m.say("assistant", "{")
				return []jsontext.Pointer{jsontext.Pointer(fmt.Sprintf("/params/messages/%d", i))}
			},
			func(m *maker) []jsontext.Pointer {
				m.plain("claude-haiku-4-5")
				m.params["max_tokens"] = 64_001
				return []jsontext.Pointer{"/params/max_tokens"}
			},
		},
		preflight.Conflict: {
			func(m *maker) []jsontext.Pointer {
				m.plain("claude-opus-4-6")
				m.params["max_tokens"] = 2048
				m.params["thinking"] = map[string]any{"type": "enabled", "budget_tokens": 2048 + m.IntN(2)}
				return []jsontext.Pointer{"/params/thinking/budget_tokens"}
			},
			func(m *maker) []jsontext.Pointer {
				if m.params["mcp_servers"] != nil || m.params["container"] != nil { // they need tools
					return nil
				}
				delete(m.params, "tools")
				m.params["tool_choice"] = map[string]any{"type": "auto"}
				return []jsontext.Pointer{"/params/tool_choice"}
			},
			func(m *maker) []jsontext.Pointer {
				p, ok := m.one(m.parts("tools", ofType("web_search_20250305", "web_search_20260209", "web_fetch_20250910", "web_fetch_20260309")))
				if !ok {
					return nil
				}
				p.object["allowed_domains"], p.object["blocked_domains"] = []any{"a.example"}, []any{"b.example"}
				return []jsontext.Pointer{p.at + "/blocked_domains"}
			},
		},
		preflight.Duplicate: {func(m *maker) []jsontext.Pointer {
			p, ok := m.one(m.tools())
			if !ok {
				return nil
			}
			tools := append(m.params["tools"].([]any), map[string]any{"name": p.object["name"], "input_schema": map[string]any{"type": "object"}})
			m.params["tools"] = tools
			return []jsontext.Pointer{jsontext.Pointer(fmt.Sprintf("/params/tools/%d/name", len(tools)-1))}
		}},
		preflight.Unresolved: {func(m *maker) []jsontext.Pointer {
			if m.params["tools"] == nil || m.params["mcp_servers"] != nil || m.params["thinking"] != nil {
				return nil
			}
			m.plain("claude-opus-5")
			m.params["tool_choice"] = map[string]any{"type": "tool", "name": "no_such_tool"}
			return []jsontext.Pointer{"/params/tool_choice/name"}
		}},
		preflight.NotAll: {func(m *maker) []jsontext.Pointer {
			tools := m.tools()
			if all, _ := m.params["tools"].([]any); len(tools) == 0 || len(all) != len(tools) {
				return nil
			}
			for _, p := range tools {
				delete(p.object, "cache_control")
				p.object["defer_loading"] = true
			}
			return []jsontext.Pointer{"/params/tools"}
		}},
		preflight.Mixed: {func(m *maker) []jsontext.Pointer {
			doc := func(citations bool) map[string]any {
				return map[string]any{"type": "document", "source": map[string]any{"type": "text", "media_type": "text/plain", "data": "x"}, "citations": map[string]any{"enabled": citations}}
			}
			if len(m.parts("messages", ofType("document"))) > 0 || m.params["output_config"] != nil || m.params["output_format"] != nil {
				return nil
			}
			i := m.say("user", []any{doc(true), map[string]any{"type": "text", "text": "and"}, doc(false)})
			return []jsontext.Pointer{jsontext.Pointer(fmt.Sprintf("/params/messages/%d/content/2", i))}
		}},
		preflight.JSONSchema: {
			func(m *maker) []jsontext.Pointer {
				p, ok := m.one(m.tools())
				if !ok {
					return nil
				}
				keyword := []string{"oneOf", "anyOf", "allOf"}[m.IntN(3)]
				p.object["input_schema"].(map[string]any)[keyword] = []any{map[string]any{"type": "string"}}
				return []jsontext.Pointer{p.at + "/input_schema/" + jsontext.Pointer(keyword)}
			},
			func(m *maker) []jsontext.Pointer {
				m.params["output_config"] = map[string]any{"format": map[string]any{"type": "json_schema", "schema": map[string]any{
					"type": "object", "additionalProperties": false, "properties": map[string]any{"a/b": map[string]any{"type": "integer", "minimum": 1}},
				}}}
				if bytes.Contains([]byte(fmt.Sprint(m.params)), []byte("enabled:true")) || m.params["output_format"] != nil { // citations
					return nil
				}
				return []jsontext.Pointer{"/params/output_config/format/schema/properties/a~1b/minimum"}
			},
		},
		preflight.Deprecated: {func(m *maker) []jsontext.Pointer {
			m.plain("claude-sonnet-4-5")
			return []jsontext.Pointer{"/params/model"}
		}},
	}
}

// mostBetas are all betas except those that exempt requests from a rule.
func mostBetas() []gen.AnthropicBeta {
	return slices.DeleteFunc(allBetas(), func(b gen.AnthropicBeta) bool {
		return strings.HasPrefix(string(b), "interleaved-thinking") || b == gen.AnthropicBetaMCPClient20250404
	})
}

// right returns valid requests.
func right(t testing.TB) []string {
	lines := corpus(t)
	file, err := os.ReadFile("testdata/guides.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	lines = append(lines, strings.Split(strings.TrimSpace(string(file)), "\n")...)
	for i, s := range shapes {
		lines = append(lines, fmt.Sprintf(`{"custom_id":"shape-%d",%s`, i, s))
	}
	report, err := preflight.CheckLines(strings.NewReader(strings.Join(lines, "\n")), preflight.Options{Betas: mostBetas(), Disable: []preflight.Rule{preflight.DuplicateID}, Max: len(lines) * 100})
	if err != nil {
		t.Fatal(err)
	}
	wrong := make(map[int]bool)
	for _, i := range report.Issues {
		wrong[i.Index] = true
	}
	var right []string
	for i, line := range lines {
		if !wrong[i] && strings.Count(line, `"image"`) < 100 { // models differ in how many they accept
			right = append(right, line)
		}
	}
	return right
}

// TestMistakesInRightRequests makes mistakes at random places of valid requests, with properties in random order. Each
// must be found by its rule, at its place, and without other issues.
func TestMistakesInRightRequests(t *testing.T) {
	t.Parallel()
	lines := right(t)
	random := rand.New(rand.NewPCG(1, 2))
	made := make(map[preflight.Rule]int)
	all := mistakes()
	betas := mostBetas()
	for _, line := range lines {
		for _, rule := range slices.Sorted(maps.Keys(all)) {
			for k, mistake := range all[rule] {
				var request struct {
					CustomID string         `json:"custom_id"`
					Params   map[string]any `json:"params"`
				}
				if err := json.Unmarshal([]byte(line), &request); err != nil {
					t.Fatal(err)
				}
				m := &maker{random, request.Params}
				if last := m.messages()[len(m.messages())-1].(map[string]any); last["role"] == "assistant" {
					if last["content"] == "" || fmt.Sprint(last["content"]) == "[]" {
						continue // only the last one may be empty
					}
					m.say("user", "Continue") // so that models do not matter
				}
				places := mistake(m)
				if places == nil {
					continue
				}
				text := fmt.Sprintf(`{"params":%s,"custom_id":"a"}`, shuffled(random, m.params))
				found := preflight.CheckParams([]byte(shuffled(random, m.params)), preflight.Options{Betas: betas})
				made[rule]++
				is := func(i preflight.Issue) bool { return i.Rule == rule && slices.Contains(places, "/params"+i.Pointer) }
				if n := len(slices.DeleteFunc(slices.Clone(found), is)); n > 0 || len(found) == 0 {
					t.Errorf("%s, mistake %d at %v: got %v\n%.900s", rule, k, places, found, text)
				}
				if t.Failed() {
					return
				}
			}
		}
	}
	for rule, n := range made {
		t.Logf("%s: %d", rule, n)
	}
	t.Logf("mistakes in %d requests", len(lines))
	for rule := range all {
		if made[rule] < 10 {
			t.Errorf("%s: %d mistakes", rule, made[rule])
		}
	}
}

// shuffled returns v as JSON, the properties of objects in random order.
func shuffled(r *rand.Rand, v any) string {
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for i, name := range names {
			key, _ := json.Marshal(name)
			names[i] = string(key) + ":" + shuffled(r, v[name])
		}
		return "{" + strings.Join(names, ",") + "}"
	case []any:
		elements := make([]string, len(v))
		for i := range v {
			elements[i] = shuffled(r, v[i])
		}
		return "[" + strings.Join(elements, ",") + "]"
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
