package batchtest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// one returns the body of a create call with one request.
func one(params string) *strings.Reader {
	return strings.NewReader(`{"requests":[{"custom_id":"r","params":` + params + `}]}`)
}

// messageFor sends a request in its own batch, which ends after a while, and returns its message.
func messageFor(t testing.TB, s *batchtest.Service, params string) gen.BetaMessage {
	t.Helper()
	b := send[gen.BetaMessageBatch](t, s, "POST", "", one(params))
	s.Advance(time.Minute)
	result := resultsOf(t, s, b.ID)["r"]
	succeeded, ok := result.(*gen.BetaMessageBatchSucceededResult)
	if !ok {
		text, _ := json.Marshal(result)
		t.Fatalf("got %s", text)
	}
	return succeeded.Message
}

// TestInputTokens checks that all parts of a request count.
func TestInputTokens(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	const image = `{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aaaa"}}`
	for name, tt := range map[string]struct {
		params string // beside model and max_tokens
		want   int64  // more than 8
	}{
		"text":             {`"messages":[{"role":"user","content":"one two\nthree  four"}]`, 4},
		"escapes":          {`"messages":[{"role":"user","content":"one\\n\"two\"\\t\u00fcber three"}]`, 4},
		"blocks":           {`"messages":[{"role":"user","content":[{"type":"text","text":"one two"},{"type":"text","text":"three"}]}]`, 3},
		"conversation":     {`"messages":[{"role":"user","content":"one"},{"role":"assistant","content":"two three"},{"role":"user","content":"four"}]`, 4},
		"system":           {`"system":"one two","messages":[{"role":"user","content":"three"}]`, 3},
		"system in blocks": {`"system":[{"type":"text","text":"one two"}],"messages":[{"role":"user","content":"three"}]`, 3},
		"tools":            {`"tools":[{"name":"lookup","description":"Looks it up","input_schema":{"type":"object"}}],"tool_choice":{"type":"none"},"messages":[{"role":"user","content":"one"}]`, 1 + 1 + 3 + 2},
		"image":            {`"messages":[{"role":"user","content":[` + image + `,` + image + `,{"type":"text","text":"one"}]}]`, 3201},
		"document":         {`"messages":[{"role":"user","content":[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"one two three"}}]}]`, 3},
		"tool result":      {`"tools":[{"name":"f","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"one"},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"f","input":{"city":"Paris"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"two three"}]}]`, 1 + 2 + 1 + 3 + 2},
	} {
		params := strings.ReplaceAll(`{"model":"claude-opus-5","max_tokens":100,`+tt.params+`}`, "\n", `\n`)
		params = strings.ReplaceAll(params, `\\n`, `\n`)
		params = strings.ReplaceAll(params, `\\t`, `\t`)
		params = strings.ReplaceAll(params, `"two"`, `two`)
		if m := messageFor(t, s, params); m.Usage.InputTokens != 8+tt.want || m.Usage.CacheReadInputTokens != nil {
			t.Errorf("%s: got %+v, want %d", name, m.Usage, 8+tt.want)
		}
	}
}

// TestPromptCache sends requests one after the other and checks what each reads and writes.
func TestPromptCache(t *testing.T) {
	t.Parallel()
	block := func(word string, words int, ttl string) string {
		control := ""
		if ttl != "" {
			control = fmt.Sprintf(`,"cache_control":{"type":"ephemeral","ttl":%q}`, ttl)
		}
		return fmt.Sprintf(`{"type":"text","text":"%s"%s}`, strings.Repeat(word+" ", words), control)
	}
	params := func(model, system, question string) string {
		return fmt.Sprintf(`{"model":%q,"max_tokens":100,"system":[%s],"messages":[{"role":"user","content":%q}]}`, model, system, question)
	}
	type use struct{ Read, Written5m, Written1h, Input int64 }
	long := block("handbook", 2000, "5m")
	for name, steps := range map[string][]struct {
		wait   time.Duration // before, beside the minute of each batch
		params string
		want   use
	}{
		"written, read": {
			{0, params("claude-opus-5", long, "one"), use{0, 2008, 0, 1}},
			{0, params("claude-opus-5", long, "one two"), use{2008, 0, 0, 2}},
		},
		"reading refreshes it": {
			{0, params("claude-opus-5", long, "one"), use{0, 2008, 0, 1}},
			{3 * time.Minute, params("claude-opus-5", long, "one"), use{2008, 0, 0, 1}},
			{3 * time.Minute, params("claude-opus-5", long, "one"), use{2008, 0, 0, 1}},
			{4 * time.Minute, params("claude-opus-5", long, "one"), use{0, 2008, 0, 1}},
		},
		"an hour": {
			{0, params("claude-opus-5", block("handbook", 2000, "1h"), "one"), use{0, 0, 2008, 1}},
			{50 * time.Minute, params("claude-opus-5", block("handbook", 2000, "1h"), "one"), use{2008, 0, 0, 1}},
			{61 * time.Minute, params("claude-opus-5", block("handbook", 2000, "1h"), "one"), use{0, 0, 2008, 1}},
		},
		"two breakpoints": {
			{0, params("claude-opus-5", block("book", 2000, "1h")+","+block("a", 100, "5m"), "one"), use{0, 100, 2008, 1}},
			{0, params("claude-opus-5", block("book", 2000, "1h")+","+block("b", 50, "5m"), "one"), use{2008, 50, 0, 1}},
			{10 * time.Minute, params("claude-opus-5", block("book", 2000, "1h")+","+block("a", 100, "5m"), "one"), use{2008, 100, 0, 1}},
		},
		"a breakpoint that moves": {
			{0, params("claude-opus-5", block("book", 2000, "5m")+","+block("a", 100, ""), "one"), use{0, 2008, 0, 101}},
			{0, params("claude-opus-5", block("book", 2000, "")+","+block("a", 100, "5m"), "one"), use{0, 2108, 0, 1}},
		},
		"another model": {
			{0, params("claude-opus-5", long, "one"), use{0, 2008, 0, 1}},
			{0, params("claude-haiku-5-5", long, "one"), use{0, 2008, 0, 1}},
		},
		"another word": {
			{0, params("claude-opus-5", long, "one"), use{0, 2008, 0, 1}},
			{0, params("claude-opus-5", strings.Replace(long, "handbook", "Handbook", 1), "one"), use{0, 2008, 0, 1}},
		},
		"too short": {
			{0, params("claude-opus-5", block("a", 1000, "5m"), "one"), use{0, 0, 0, 1009}},
			{0, params("claude-opus-5", block("a", 1000, "5m"), "one"), use{0, 0, 0, 1009}},
		},
		"automatic": {
			{0, strings.Replace(params("claude-opus-5", block("a", 2000, ""), "one"), "{", `{"cache_control":{"type":"ephemeral"},`, 1), use{0, 2009, 0, 0}},
			{0, strings.Replace(params("claude-opus-5", block("a", 2000, ""), "one"), "{", `{"cache_control":{"type":"ephemeral"},`, 1), use{2009, 0, 0, 0}},
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := batchtest.New(t, batchtest.WithDuration(0))
			for i, step := range steps {
				s.Advance(step.wait)
				u := messageFor(t, s, step.params).Usage
				if u.CacheReadInputTokens == nil || u.CacheCreationInputTokens == nil || u.CacheCreation == nil {
					t.Fatalf("%s: step %d has %+v", name, i, u)
				}
				got := use{*u.CacheReadInputTokens, u.CacheCreation.Ephemeral5mInputTokens, u.CacheCreation.Ephemeral1hInputTokens, u.InputTokens}
				if got != step.want || *u.CacheCreationInputTokens != got.Written5m+got.Written1h {
					t.Errorf("%s: step %d: got %+v, want %+v", name, i, got, step.want)
				}
			}
		})
	}
}

// TestPrimingPays compares a batch after one request with the same prefix to a batch without one, and checks the hit
// rates.
func TestPrimingPays(t *testing.T) {
	t.Parallel()
	handbook := fmt.Sprintf(`{"type":"text","text":%q,"cache_control":{"type":"ephemeral","ttl":"1h"}}`, strings.Repeat("handbook ", 2000))
	params := fmt.Sprintf(`{"model":"claude-opus-5","max_tokens":100,"system":[%s],"messages":[{"role":"user","content":"Hi"}]}`, handbook)
	in := ""
	for i := range 200 {
		in += fmt.Sprintf(`,{"custom_id":"r%d","params":%s}`, i, params)
	}
	in = `{"requests":[` + in[1:] + `]}`
	for name, tt := range map[string]struct {
		options    []batchtest.Option
		primed     bool
		least, all int // of 200 that read
	}{
		"unprimed":              {nil, false, 0, 0},
		"unprimed, over a time": {[]batchtest.Option{batchtest.WithDuration(time.Minute)}, false, 199, 199},
		"primed":                {nil, true, 200, 200},
		"primed, best effort":   {[]batchtest.Option{batchtest.WithPromptCache(0.6, 1024)}, true, 90, 150},
		"no cache":              {[]batchtest.Option{batchtest.WithPromptCache(0, 1024)}, true, 0, 0},
		"long prefixes only":    {[]batchtest.Option{batchtest.WithPromptCache(1, 4096)}, true, 0, 0},
	} {
		s := batchtest.New(t, append([]batchtest.Option{batchtest.WithDuration(0)}, tt.options...)...)
		if tt.primed {
			messageFor(t, s, params)
		}
		b := send[gen.BetaMessageBatch](t, s, "POST", "", strings.NewReader(in))
		s.Advance(2 * time.Minute)
		read := 0
		for _, result := range resultsOf(t, s, b.ID) {
			if n := result.(*gen.BetaMessageBatchSucceededResult).Message.Usage.CacheReadInputTokens; n != nil && *n > 0 {
				read++
			}
		}
		if read < tt.least || read > tt.all {
			t.Errorf("%s: %d of 200 read the cache, want %d to %d", name, read, tt.least, tt.all)
		}
	}
}

func TestSnapshots(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	for model, want := range map[string]gen.Model{
		"claude-haiku-4-5":          "claude-haiku-4-5-20251001",
		"claude-opus-4-5":           "claude-opus-4-5-20251101",
		"claude-haiku-4-5-20251001": "claude-haiku-4-5-20251001",
		"claude-opus-5":             "claude-opus-5",
		"claude-newest-9":           "claude-newest-9",
	} {
		if m := messageFor(t, s, fmt.Sprintf(`{"model":%q,"max_tokens":100,"messages":[{"role":"user","content":"Hi"}]}`, model)); m.Model != want {
			t.Errorf("%s: the model is %s, want %s", model, m.Model, want)
		}
	}
}

// TestStandardAnswers checks the results of requests without an answer of the test.
func TestStandardAnswers(t *testing.T) {
	t.Parallel()
	const (
		schema = `{"type":"object","properties":{"city":{"type":"string","enum":["Paris"]}},"required":["city"],"additionalProperties":false}`
		tools  = `"tools":[{"name":"where","input_schema":` + schema + `}]`
		hello  = `"messages":[{"role":"user","content":"one two three four five six seven eight nine ten eleven twelve thirteen"}]`
		result = `"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"where","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"Paris"}]}]`
		use    = `where {"city":"Paris"}`
		said   = "You said: two three four five six seven eight nine ten eleven twelve thirteen"
	)
	s := batchtest.New(t, batchtest.WithDuration(0))
	for name, tt := range map[string]struct {
		params string // beside model and max_tokens
		want   string
		stop   gen.BetaMessageStopReason
	}{
		"text":              {hello, said, "end_turn"},
		"schema":            {`"output_config":{"format":{"type":"json_schema","schema":` + schema + `}},` + hello, `{"city":"Paris"}`, "end_turn"},
		"schema, old":       {`"output_format":{"type":"json_schema","schema":` + schema + `},` + hello, `{"city":"Paris"}`, "end_turn"},
		"tool":              {tools + `,` + hello, use, "tool_use"},
		"tool/any":          {tools + `,"tool_choice":{"type":"any"},` + result, use, "tool_use"},
		"tool/by name":      {tools + `,"tool_choice":{"type":"tool","name":"where"},` + result, use, "tool_use"},
		"tool/none":         {tools + `,"tool_choice":{"type":"none"},` + hello, said, "end_turn"},
		"tool/result":       {tools + `,` + result, "You said: Hi", "end_turn"},
		"tool/then schema":  {tools + `,"output_config":{"format":{"type":"json_schema","schema":` + schema + `}},` + result, `{"city":"Paris"}`, "end_turn"},
		"max_tokens":        {`"max_tokens":5,` + hello, "You said: two", "max_tokens"},
		"max_tokens of one": {`"max_tokens":1,` + hello, "You", "max_tokens"},
	} {
		params := `{"model":"claude-opus-5",` + tt.params + `}`
		if !strings.Contains(params, "max_tokens") {
			params = strings.Replace(params, "{", `{"max_tokens":100,`, 1)
		}
		m := messageFor(t, s, params)
		got := m.Text()
		for _, use := range m.ToolUses() {
			got += use.Name + " " + string(use.Input)
		}
		if got != tt.want || m.StopReason != tt.stop {
			t.Errorf("%s: got %q, %s", name, got, m.StopReason)
		}
	}
}

func TestReadAnswers(t *testing.T) {
	t.Parallel()
	const file = `{"custom_id":"exact","text":"An exact one."}

{"custom_id":"once-*","error":{"type":"overloaded_error","message":"Busy."},"times":1}
{"custom_id":"json","json":{"b": 1, "a": [2]}}
{"custom_id":"long","truncated":"Once upon a"}
{"custom_id":"no","refused":true}
{"custom_id":"tool","tool":"where"}
{"custom_id":"message","message":{"content":[{"type":"text","text":"Whole."}],"usage":{"input_tokens":3,"output_tokens":4}}}
{"custom_id":"result","result":{"type":"postponed"}}
{"contains":"Hello, \"you\"","text":"By its prompt."}
{"custom_id":"last","text":"The last line has no line break."}`
	o, err := batchtest.ReadAnswers(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	s := batchtest.New(t, o, batchtest.WithDuration(0))
	s.AnswerAll(batchtest.Text("All others."))
	s.Answer("first", batchtest.Text("By the test."))
	in := ""
	for _, id := range []string{"exact", "once-1", "once-2", "json", "long", "no", "tool", "message", "result", "prompt", "last", "other", "first", "wrong"} {
		text := id
		if id == "prompt" {
			text = `Hello, "you"`
		}
		params := fmt.Sprintf(`{"model":"claude-opus-5","max_tokens":100,"messages":[{"role":"user","content":%q}]}`, text)
		if id == "wrong" {
			params = `{}`
		}
		in += fmt.Sprintf(`,{"custom_id":%q,"params":%s}`, id, params)
	}
	b := send[gen.BetaMessageBatch](t, s, "POST", "", strings.NewReader(`{"requests":[`+in[1:]+`]}`))
	got := make(map[string]string)
	for id, result := range resultsOf(t, s, b.ID) {
		got[id] = result.Discriminator()
		switch result := result.(type) {
		case *gen.BetaMessageBatchSucceededResult:
			got[id] = fmt.Sprintf("%s %s", result.Message.StopReason, result.Message.Text())
		case *gen.BetaMessageBatchErroredResult:
			text, _ := json.Marshal(result.Error.Error)
			got[id] = string(text[:min(len(text), 60)])
		}
	}
	want := map[string]string{
		"exact":   "end_turn An exact one.",
		"once-1":  `{"type":"overloaded_error","message":"Busy."}`,
		"once-2":  "end_turn All others.",
		"json":    `end_turn {"b": 1, "a": [2]}`,
		"long":    "max_tokens Once upon a",
		"no":      "refusal ",
		"tool":    `{"type":"invalid_request_error","message":"tools: there is n`,
		"message": "end_turn Whole.",
		"result":  "postponed",
		"prompt":  "end_turn By its prompt.",
		"last":    "end_turn The last line has no line break.",
		"other":   "end_turn All others.",
		"first":   "end_turn By the test.",
		"wrong":   `{"type":"invalid_request_error","message":"params.max_tokens`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadAnswersRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"\n\n{":                        "line 3: ",
		`{"custom_id":"a"}`:            "line 1: it needs one of text, json",
		`{"text":"a","refused":true}`:  "line 1: it needs one of",
		`{"txt":"a"}`:                  "txt",
		`{"custom_id":"[","text":"a"}`: "custom_id: syntax error",
		`{"message":7}`:                "message: ",
		`{"error":7}`:                  "error: ",
		`{"text":"a"} {"text":"b"}`:    "line 1: ",
		"{\"text\":\"a\"}\n{\"text\":7}\n{\"text\"}": "line 2: ",
	} {
		if o, err := batchtest.ReadAnswers(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) || o != nil {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
