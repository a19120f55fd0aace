package convert_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/cmd/internal/convert"
)

// aLine returns a line of OpenAI's Batch API whose body has a model and the given properties.
func aLine(properties string) string {
	return `{"custom_id":"x","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o","max_completion_tokens":9,` + properties + `}}`
}

func TestOpenAI(t *testing.T) {
	t.Parallel()
	const q = `"messages":[{"role":"user","content":"q"}]`
	pngURL := "data:image/png;base64," + base64.StdEncoding.EncodeToString([]byte(png))
	pdfURL := "data:application/pdf;base64," + base64.StdEncoding.EncodeToString([]byte(pdf))
	for name, tt := range map[string]struct {
		line  string
		model string // default claude-opus-4-6
		want  string // params without model and max_tokens; empty if the line is refused
		notes []string
	}{
		"messages/system": {
			line: aLine(`"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":[{"type":"text","text":"p"}]}]`),
			want: `{"system":"s","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"},{"role":"user","content":[{"type":"text","text":"p"}]}]}`,
		},
		"messages/two systems": {
			line:  aLine(`"messages":[{"role":"developer","content":"s"},{"role":"user","content":"q"},{"role":"system","content":[{"type":"text","text":"t"}]}]`),
			want:  `{"system":[{"type":"text","text":"s"},{"type":"text","text":"t"}],` + q + `}`,
			notes: []string{"changed body.messages[*]: a system message inside the conversation is moved to the system prompt: 1 [1 ]"},
		},
		"messages/name":        {line: aLine(`"messages":[{"role":"user","content":"q","name":"n"}]`), want: `{` + q + `}`, notes: []string{"dropped body.messages[*].name: it has no counterpart: 1 [1 ]"}},
		"messages/only system": {line: aLine(`"messages":[{"role":"system","content":"s"}]`), notes: []string{"refused body.messages: there are only system messages: 1 [1 ]"}},
		"messages/empty user":  {line: aLine(`"messages":[{"role":"user","content":" "}]`), notes: []string{"refused body.messages[*].content: an empty user message is not allowed here: 1 [1 ]"}},
		"messages/role":        {line: aLine(`"messages":[{"role":"robot","content":"q"}]`), notes: []string{"refused body.messages[*].role: unknown role: 1 [1 ]"}},
		"messages/refusal": {
			line:  aLine(`"messages":[{"role":"user","content":"q"},{"role":"assistant","content":null,"refusal":"no"},{"role":"user","content":"why?"}]`),
			want:  `{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"no"},{"role":"user","content":"why?"}]}`,
			notes: []string{"changed body.messages[*].refusal: a refusal of the assistant becomes text: 1 [1 ]"},
		},
		"tools/calls and results": {
			line: aLine(`"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"let me see","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1.0}"}},{"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
				{"role":"tool","tool_call_id":"c1","content":"r1"},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"r2"},{"type":"text","text":"r3"}]},{"role":"user","content":"and?"}],
				"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"a":{"type":"number"}}},"strict":false}},{"type":"function","function":{"name":"g"}}],"tool_choice":"required","parallel_tool_calls":false`),
			want: `{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"text","text":"let me see"},{"type":"tool_use","id":"c1","name":"f","input":{"a":1.0}},{"type":"tool_use","id":"c2","name":"g","input":{}}]},
				{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"r1"},{"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"r2"},{"type":"text","text":"r3"}]},{"type":"text","text":"and?"}]}],
				"tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{"a":{"type":"number"}}}},{"name":"g","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"any","disable_parallel_tool_use":true}}`,
		},
		"tools/result last": {
			line: aLine(`"messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":""}],"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{},"additionalProperties":false}}}],"tool_choice":{"type":"function","function":{"name":"f"}}`),
			want: `{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1"}]}],"tools":[{"name":"f","strict":true,"input_schema":{"type":"object","properties":{},"additionalProperties":false}}],"tool_choice":{"type":"tool","name":"f"}}`,
		},
		"tools/none":          {line: aLine(q + `,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"none","parallel_tool_calls":true`), want: `{` + q + `,"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"none"}}`},
		"tools/choice alone":  {line: aLine(q + `,"tool_choice":"auto","parallel_tool_calls":false`), want: `{` + q + `}`, notes: []string{"dropped body.tool_choice: there are no tools: 1 [1 ]"}},
		"tools/custom":        {line: aLine(q + `,"tools":[{"type":"custom","custom":{"name":"f"}}]`), notes: []string{"refused body.tools[*]: only tools of type function are converted: 1 [1 ]"}},
		"tools/bad arguments": {line: aLine(`"messages":[{"role":"assistant","content":"","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{"}}]}]`), notes: []string{"refused body.messages[*].tool_calls[*].function.arguments: not a JSON object: 1 [1 ]"}},
		"tools/functions":     {line: aLine(q + `,"functions":[],"function_call":"auto"`), notes: []string{"refused body.functions: it is deprecated and cannot be converted: use tools and tool_choice: 1 [1 ]", "refused body.function_call: it is deprecated and cannot be converted: use tools and tool_choice: 1 [1 ]"}},
		"images/data": {
			line: aLine(`"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"` + pngURL + `","detail":"auto"}},{"type":"image_url","image_url":"https://example.com/a.png"},{"type":"file","file":{"filename":"b.pdf","file_data":"` + pdfURL + `"}}]}]`),
			want: `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + pngURL[22:] + `"}},{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}},{"type":"document","title":"b.pdf","source":{"type":"base64","media_type":"application/pdf","data":"` + pdfURL[28:] + `"}}]}]}`,
		},
		"images/other type": {
			line:  aLine(`"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"detail":"high","url":"` + strings.Replace(pngURL, "png", "jpeg", 1) + `"}}]}]`),
			want:  `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + pngURL[22:] + `"}}]}]}`,
			notes: []string{"dropped body.messages[*].content[*].image_url.detail: it has no counterpart: the tokens of an image depend on its size: 1 [1 ]", "changed body.messages[*].content[*].image_url: the media type does not match the bytes, whose type is used: 1 [1 ]"},
		},
		"images/file id": {line: aLine(`"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}]`), notes: []string{"refused body.messages[*].content[*].file.file_id: the file is not on this service: put its data into the request, or upload it with the Files API: 1 [1 ]"}},
		"images/audio":   {line: aLine(`"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]`), notes: []string{"refused body.messages[*].content[*].input_audio: audio is not supported: 1 [1 ]"}},
		"format/schema": {
			line:  aLine(q + `,"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object","properties":{"b":{},"a":{}}}}},"reasoning_effort":"high"`),
			want:  `{` + q + `,"output_config":{"effort":"high","format":{"type":"json_schema","schema":{"type":"object","properties":{"b":{},"a":{}}}}}}`,
			notes: []string{"dropped body.response_format.json_schema.name: it has no counterpart: 1 [1 ]"},
		},
		"format/not strict": {
			line:  aLine(q + `,"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"}}}`),
			want:  `{` + q + `,"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}`,
			notes: []string{"changed body.response_format.json_schema.strict: the schema is always enforced here: 1 [1 ]"},
		},
		"format/object": {line: aLine(q + `,"response_format":{"type":"json_object"}`), want: `{` + q + `}`, notes: []string{"dropped body.response_format: JSON mode without a schema does not exist here: ask for JSON in the prompt, or use type json_schema: 1 [1 ]"}},
		"format/text":   {line: aLine(q + `,"response_format":{"type":"text"}`), want: `{` + q + `}`},
		"params/same":   {line: aLine(q + `,"temperature":0.5,"stop":["a"," ","b"],"user":"u","n":1,"stream":false,"store":false,"logprobs":false,"presence_penalty":0,"frequency_penalty":0.0,"logit_bias":{},"metadata":null,"modalities":["text"]`), want: `{` + q + `,"temperature":0.5,"stop_sequences":["a","b"],"metadata":{"user_id":"u"}}`, notes: []string{"dropped body.stop: a stop sequence of only white space is not allowed here: 1 [1 ]"}},
		"params/top_p":  {line: aLine(q + `,"top_p":0.5,"stop":"a"`), want: `{` + q + `,"top_p":0.5,"stop_sequences":["a"]}`},
		"params/hot":    {line: aLine(q + `,"temperature":1.5`), want: `{` + q + `,"temperature":1}`, notes: []string{"changed body.temperature: the maximum here is 1: 1 is used: 1 [1 ]"}},
		"params/by model": {line: aLine(q + `,"temperature":0,"top_p":0.5,"reasoning_effort":"minimal"`), model: "claude-opus-5", want: `{` + q + `,"output_config":{"effort":"low"}}`, notes: []string{
			"changed body.reasoning_effort: effort minimal does not exist here: low is used: 1 [1 ]",
			"dropped body.temperature: omitted: claude-opus-5 does not accept it: 1 [1 ]", "dropped body.top_p: omitted: claude-opus-5 does not accept it: 1 [1 ]",
		}},
		"params/without counterpart": {
			line: aLine(q + `,"seed":1,"logit_bias":{"1":2},"presence_penalty":-0.5,"logprobs":true,"stream":true,"verbosity":"low","brand_new":{},"metadata":{"k":"v"}`), want: `{` + q + `}`,
			notes: []string{
				"dropped body.seed: it has no counterpart: results vary: 1 [1 ]", "dropped body.logit_bias: it has no counterpart: 1 [1 ]",
				"dropped body.presence_penalty: penalties for repetition are not supported: 1 [1 ]", "dropped body.logprobs: it has no counterpart: 1 [1 ]",
				"dropped body.stream: batches are not streamed: 1 [1 ]", "dropped body.verbosity: it has no counterpart: say it in the system prompt: 1 [1 ]",
				"dropped body.brand_new: unknown parameter: 1 [1 ]", "dropped body.metadata: it has no counterpart: 1 [1 ]",
			},
		},
		"params/n":       {line: aLine(q + `,"n":2`), notes: []string{"refused body.n: a request has only one answer: send it several times, with different custom_ids: 1 [1 ]"}},
		"line/endpoint":  {line: strings.Replace(aLine(q), "/v1/chat/completions", "/v1/embeddings", 1), notes: []string{"refused url: there is no counterpart of /v1/embeddings: 1 [1 ]"}},
		"line/responses": {line: strings.Replace(aLine(q), "/v1/chat/completions", "/v1/responses", 1), notes: []string{"refused url: /v1/responses is not converted, only /v1/chat/completions is: 1 [1 ]"}},
		"line/id":        {line: strings.Replace(aLine(q), `"x"`, `"x/1"`, 1), notes: []string{`refused custom_id: the custom_id has characters other than letters, digits, - and _: 1 [1 "x/1"]`}},
		"line/not JSON":  {line: `{"custom_id":`, notes: []string{"refused : not JSON: it is truncated: 1 [1 ]"}},
		"line/no object": {line: `[]`, notes: []string{"refused : not an object: 1 [1 ]"}},
		"line/more":      {line: strings.TrimSuffix(aLine(q), "}") + `,"x":1}`, want: `{` + q + `}`, notes: []string{"dropped .x: it has no counterpart: 1 [1 ]"}},
		"model/claude":   {line: strings.Replace(aLine(q), "gpt-4o", "claude-haiku-4-5", 1), model: "-", want: `{` + q + `}`},
		"model/none":     {line: aLine(q), model: "-", notes: []string{"refused body.model: no model is set for this name: use --model MODEL, or --model NAME=MODEL: 1 [1 gpt-4o]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			models := map[string]string{"": "claude-opus-4-6"}
			if tt.model == "-" {
				models = nil
			} else if tt.model != "" {
				models["gpt-4o"] = tt.model
			}
			var out bytes.Buffer
			var n convert.Notes
			s, err := convert.OpenAI(&out, strings.NewReader(strings.ReplaceAll(tt.line, "\n", " ")), convert.OpenAIOptions{Models: models, MaxTokens: 7}, &n)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.notes, notes(n.Groups())); diff != "" {
				t.Error(diff)
			}
			if tt.want == "" {
				if out.Len() > 0 || s.Written != 0 || s.Read != 1 {
					t.Errorf("got %s and %+v", &out, s)
				}
				return
			}
			var got, want map[string]any
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatalf("%v: %s", err, &out)
			}
			if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
				t.Fatal(err)
			}
			params := got["params"].(map[string]any)
			if params["max_tokens"] != 9.0 || !strings.HasPrefix(params["model"].(string), "claude") || got["custom_id"] != "x" {
				t.Errorf("got %s", &out)
			}
			delete(params, "max_tokens")
			delete(params, "model")
			if diff := cmp.Diff(want, params); diff != "" {
				t.Error(diff)
			}
			if report, err := preflight.CheckLines(&out, preflight.Options{}); err != nil || report.Count(preflight.Error) > 0 && !strings.HasPrefix(name, "format") {
				t.Error(err, report.Issues)
			}
		})
	}
}

func TestOpenAILines(t *testing.T) {
	t.Parallel()
	var in strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&in, `{"custom_id":"r-%d","method":"POST","url":"/v1/chat/completions","body":{"model":"m","seed":%d,"messages":[{"role":"user","content":"q"}]}}`+"\r\n\r\n", i/2*2, i)
	}
	var out bytes.Buffer
	var each []convert.Note
	n := convert.Notes{Each: func(note convert.Note) error { each = append(each, note); return nil }}
	s, err := convert.OpenAI(&out, strings.NewReader("\ufeff"+in.String()), convert.OpenAIOptions{Models: map[string]string{"": "claude-opus-5"}, MaxTokens: 7}, &n)
	if err != nil || s.Read != 1000 || s.Written != 500 || strings.Count(out.String(), "\n") != 500 {
		t.Errorf("%+v, %v", s, err)
	}
	if len(each) != 2500 || n.Count(convert.Refused) != 500 || len(n.Groups()) != 3 {
		t.Errorf("%d notes, %v", len(each), notes(n.Groups()))
	}
}

// FuzzOpenAI converts any text: each line is either refused, or becomes one line of valid JSON with the same ID and the
// strings of the user.
func FuzzOpenAI(f *testing.F) {
	f.Add(aLine(`"messages":[{"role":"user","content":"q"}],"temperature":2,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"auto"`))
	f.Add(aLine(`"messages":[{"role":"system","content":[{"type":"text","text":"s"}]},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"r"},{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]}]`))
	f.Add(aLine(`"messages":[],"response_format":{"type":"json_schema","json_schema":{"schema":{}}},"stop":["a"],"n":null`) + "\n{}\n[]\n\xff")
	f.Fuzz(func(t *testing.T, text string) {
		var out bytes.Buffer
		var n convert.Notes
		refused := make(map[int]bool)
		n.Each = func(note convert.Note) error {
			if note.Kind == convert.Refused {
				refused[note.Line] = true
			}
			return nil
		}
		s, err := convert.OpenAI(&out, strings.NewReader(text), convert.OpenAIOptions{Models: map[string]string{"": "claude-opus-5"}, MaxTokens: 7}, &n)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(out.String(), "\n")
		lines = lines[:len(lines)-1]
		if len(lines) != s.Written || s.Read != s.Written+len(refused) {
			t.Fatalf("%+v, %d lines, %d refused", s, len(lines), len(refused))
		}
		for _, line := range lines {
			var request struct {
				ID     string `json:"custom_id"`
				Params *struct {
					Messages []any
				}
			}
			if err := json.Unmarshal([]byte(line), &request); err != nil || request.Params == nil || len(request.Params.Messages) == 0 || !strings.Contains(text, `"`+request.ID+`"`) && !strings.Contains(text, `\u`) {
				t.Fatalf("%v: %q", err, line)
			}
		}
	})
}
