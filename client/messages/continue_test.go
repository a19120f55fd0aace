package messages_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/messages"
	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

const (
	textA     = `{"type":"text","text":"a \n"}`
	callOne   = `{"type":"tool_use","id":"toolu_1","input":{},"name":"f"}`
	callTwo   = `{"type":"tool_use","id":"toolu_2","input":{},"name":"g"}`
	search    = `{"type":"server_tool_use","id":"srvtoolu_1","input":{},"name":"web_search"}`
	mcp       = `{"type":"mcp_tool_use","id":"mcptoolu_1","input":{},"name":"find","server_name":"archive"}`
	found     = `{"type":"web_search_tool_result","content":[],"tool_use_id":"srvtoolu_1"}`
	byCode    = `{"type":"server_tool_use","caller":{"type":"code_execution_20260120","tool_id":"srvtoolu_9"},"id":"srvtoolu_1","input":{},"name":"web_search"}`
	summary   = `{"type":"compaction","content":"what was said","encrypted_content":null,"signature":"s"}`
	noSummary = `{"type":"compaction","content":null,"encrypted_content":"of an earlier one"}`
)

// stopped returns a message with a stop reason.
func stopped(t testing.TB, reason client.StopReason, blocks ...string) *client.Message {
	m := message(t, blocks...)
	m.StopReason = reason
	return m
}

func result(id string) *client.ToolResultBlockParam {
	return messages.ToolResult(&client.ToolUseBlock{ID: id}, "done")
}

func params() client.Params {
	return client.Params{
		Model: client.ModelClaudeHaiku45, MaxTokens: 100, // which continues text
		Messages: []client.InputMessage{client.UserText("hello")},
		Tools:    []client.ToolUnion{&client.Tool{Name: "f", InputSchema: jsontext.Value(`{"type":"object"}`)}},
	}
}

// TestContinue compares the messages after the first, and checks the parameters against the contract.
func TestContinue(t *testing.T) {
	t.Parallel()
	go1 := messages.TextBlock("go on")
	user := func(blocks string) string { return `{"role":"user","content":[` + blocks + `]}` }
	assistant := func(blocks string) string { return `{"role":"assistant","content":[` + blocks + `]}` }
	const goOn = `{"type":"text","text":"go on"}`
	const results = `{"type":"tool_result","content":"done","tool_use_id":"toolu_1"},{"type":"tool_result","content":"done","tool_use_id":"toolu_2"}`
	for name, tt := range map[string]struct {
		message *client.Message
		blocks  []client.ContentBlockParam
		want    []string
	}{
		"complete/text":            {stopped(t, "end_turn", textA), []client.ContentBlockParam{go1}, []string{assistant(textA), user(goOn)}},
		"complete/empty":           {stopped(t, "end_turn"), []client.ContentBlockParam{go1}, []string{user(goOn)}},
		"complete/only thinking":   {stopped(t, "end_turn", `{"type":"thinking","signature":"s","thinking":"t"}`), []client.ContentBlockParam{go1}, []string{user(goOn)}},
		"tools/all":                {stopped(t, "tool_use", textA, callOne, callTwo), []client.ContentBlockParam{result("toolu_1"), result("toolu_2"), go1}, []string{assistant(textA + "," + callOne + "," + callTwo), user(results + "," + goOn)}},
		"tools/server's run later": {stopped(t, "tool_use", search, callOne, callTwo), []client.ContentBlockParam{result("toolu_1"), result("toolu_2")}, []string{assistant(search + "," + callOne + "," + callTwo), user(results)}},
		"tools/server's has run":   {stopped(t, "tool_use", search, found, callOne, callTwo), []client.ContentBlockParam{result("toolu_1"), result("toolu_2"), go1}, []string{assistant(search + "," + found + "," + callOne + "," + callTwo), user(results + "," + goOn)}},
		"tools/called by code":     {stopped(t, "tool_use", byCode, callOne, callTwo), []client.ContentBlockParam{result("toolu_1"), result("toolu_2"), go1}, []string{assistant(byCode + "," + callOne + "," + callTwo), user(results + "," + goOn)}},
		"tools/toolset":            {stopped(t, "tool_use", `{"type":"tool_use","id":"toolu_1","input":{},"name":"click","toolset_name":"browser"}`), []client.ContentBlockParam{messages.ToolResult(&client.ToolUseBlock{ID: "toolu_1", ToolsetName: "browser"}, "done")}, []string{assistant(`{"type":"tool_use","id":"toolu_1","input":{},"name":"click","toolset_name":"browser"}`), user(`{"type":"tool_result","content":"done","tool_use_id":"toolu_1","toolset_name":"browser"}`)}},
		"tools/given up before":    {stopped(t, "end_turn", search, `{"type":"fallback","from":{"model":"claude-opus-5"},"to":{"model":"claude-opus-4-8"}}`, textA), []client.ContentBlockParam{go1}, nil},
		"paused/nothing else":      {stopped(t, "pause_turn", textA, search), nil, []string{assistant(textA + "," + search)}},
		"paused/ends in space":     {stopped(t, "pause_turn", textA), nil, []string{assistant(`{"type":"text","text":"a"}`)}},
		"paused/user cuts in":      {stopped(t, "pause_turn", textA), []client.ContentBlockParam{go1}, []string{assistant(textA), user(goOn)}},
		"paused/compaction":        {stopped(t, "compaction", summary), nil, []string{assistant(`{"type":"compaction","content":"what was said","signature":"s"}`)}},
		"truncated/goes on":        {stopped(t, "max_tokens", textA), []client.ContentBlockParam{go1}, []string{assistant(textA), user(goOn)}},
		"truncated/in place":       {stopped(t, "model_context_window_exceeded", textA), nil, []string{assistant(`{"type":"text","text":"a"}`)}},
		"unknown/text":             {stopped(t, "bored", textA), []client.ContentBlockParam{go1}, []string{assistant(textA), user(goOn)}},
		"unknown/nothing":          {stopped(t, "", textA), nil, []string{assistant(`{"type":"text","text":"a"}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next, err := messages.Continue(params(), tt.message, tt.blocks...)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range next.Messages[1:] {
				got = append(got, encode(t, m))
			}
			if diff := cmp.Diff(tt.want, got); tt.want != nil && diff != "" {
				t.Error(diff)
			}
			checkParams(t, next)
		})
	}
}

// checkParams checks parameters against the contract.
func checkParams(t testing.TB, p client.Params) {
	t.Helper()
	report := preflight.Check([]client.Request{{CustomID: "a", Params: p}}, preflight.Options{Betas: []client.Beta{client.BetaCompact20260112}})
	if err := report.Err(); err != nil {
		t.Error(err)
	}
}

func TestContinueErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		message *client.Message
		blocks  []client.ContentBlockParam
		kind    error
		text    string
	}{
		"message/nil":           {nil, nil, nil, "no message"},
		"complete/nothing":      {stopped(t, "end_turn", textA), nil, nil, "at least one block"},
		"refused/text":          {stopped(t, "refusal", textA), []client.ContentBlockParam{messages.TextBlock("please")}, client.ErrRefused, "refused"},
		"truncated/call":        {stopped(t, "max_tokens", textA, callOne), []client.ContentBlockParam{result("toolu_1")}, client.ErrTruncated, "in the middle of a tool call"},
		"truncated/server call": {stopped(t, "max_tokens", search), nil, client.ErrTruncated, "in the middle of a tool call"},
		"truncated/nothing":     {stopped(t, "max_tokens", `{"type":"thinking","thinking":"hm","signature":""}`), nil, nil, "the message has no content"},
		"tools/no result":       {stopped(t, "tool_use", callOne, callTwo), []client.ContentBlockParam{result("toolu_1")}, nil, `tool use "toolu_2" (g) has no result`},
		"tools/other result":    {stopped(t, "tool_use", callOne), []client.ContentBlockParam{result("toolu_9")}, nil, `"toolu_9"`},
		"tools/twice":           {stopped(t, "tool_use", callOne), []client.ContentBlockParam{result("toolu_1"), result("toolu_1")}, nil, "second result"},
		"tools/text first":      {stopped(t, "tool_use", callOne), []client.ContentBlockParam{messages.TextBlock("a"), result("toolu_1")}, nil, "before all other"},
		"tools/toolset":         {stopped(t, "tool_use", `{"type":"tool_use","id":"toolu_1","input":{},"name":"click","toolset_name":"browser"}`), []client.ContentBlockParam{result("toolu_1")}, nil, `result of tool use "toolu_1" must have the ToolsetName of the call`},
		"pending/tools, text":   {stopped(t, "tool_use", search, callOne), []client.ContentBlockParam{result("toolu_1"), messages.TextBlock("a")}, nil, `block 1 (text) ends the turn, but server tool use "srvtoolu_1" (web_search) has no result yet`},
		"pending/paused, text":  {stopped(t, "pause_turn", textA, search), []client.ContentBlockParam{messages.TextBlock("a")}, nil, `block 0 (text) ends the turn`},
		"pending/connector":     {stopped(t, "tool_use", mcp, callOne), []client.ContentBlockParam{result("toolu_1"), messages.TextBlock("a")}, nil, `server tool use "mcptoolu_1" (find) has no result`},
		"pending/direct":        {stopped(t, "pause_turn", strings.Replace(search, `"name"`, `"caller":{"type":"direct"},"name"`, 1)), []client.ContentBlockParam{messages.TextBlock("a")}, nil, `ends the turn`},
		"blocks/nil":            {stopped(t, "end_turn", textA), []client.ContentBlockParam{nil}, nil, "nil"},
		"blocks/typed nil":      {stopped(t, "tool_use", callOne), []client.ContentBlockParam{(*client.Unknown)(nil), result("toolu_1")}, nil, "block 0 is nil"},
		"blocks/nil result":     {stopped(t, "tool_use", callOne), []client.ContentBlockParam{result("toolu_1"), (*client.ToolResultBlockParam)(nil)}, nil, "block 1 is nil"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			next, err := messages.Continue(params(), tt.message, tt.blocks...)
			if err == nil || !strings.Contains(err.Error(), tt.text) || !strings.HasPrefix(err.Error(), "continue: ") {
				t.Fatalf("got %v, want %q in it", err, tt.text)
			}
			if tt.kind != nil && !errors.Is(err, tt.kind) {
				t.Errorf("%v is not of kind %v", err, tt.kind)
			}
			if next.Messages != nil {
				t.Errorf("got %+v", next)
			}
		})
	}
}

// TestContinueSummary replaces the messages that were summarized.
func TestContinueSummary(t *testing.T) {
	t.Parallel()
	p := params()
	p.Compaction = &gen.BetaCompactionConfig{}
	next, err := messages.Continue(p, stopped(t, "compaction", summary), messages.TextBlock("and now?"))
	if err != nil {
		t.Fatal(err)
	}
	if next.Compaction != nil || len(next.Messages) != 2 || p.Compaction == nil || len(p.Messages) != 1 {
		t.Errorf("got %+v after %+v", next, p)
	}
	for name, m := range map[string]*client.Message{"none": stopped(t, "compaction", noSummary), "a text": stopped(t, "max_tokens", textA)} {
		if _, err := messages.Continue(p, m, messages.TextBlock("and now?")); err == nil || !strings.Contains(err.Error(), "not a summary") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestContinueContainer(t *testing.T) {
	t.Parallel()
	skills := []gen.BetaSkillParams{{Type: "anthropic", SkillID: "xlsx"}}
	before := &gen.BetaContainerParams{Skills: skills}
	for name, tt := range map[string]struct {
		before gen.BetaRequestContainer
		id     string
		want   gen.BetaRequestContainer
	}{
		"none/none":      {nil, "", nil},
		"none/used":      {nil, "c2", gen.BetaContainerID("c2")},
		"id/used":        {gen.BetaContainerID("c1"), "c2", gen.BetaContainerID("c2")},
		"id/not used":    {gen.BetaContainerID("c1"), "", gen.BetaContainerID("c1")},
		"skills/used":    {before, "c2", &gen.BetaContainerParams{ID: "c2", Skills: skills}},
		"skills/nil":     {(*gen.BetaContainerParams)(nil), "c2", gen.BetaContainerID("c2")},
		"unknown/stands": {&client.Unknown{Raw: jsontext.Value(`{}`)}, "c2", &client.Unknown{Raw: jsontext.Value(`{}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := stopped(t, "pause_turn", search)
			if tt.id != "" {
				m.Container = &gen.BetaContainer{ID: tt.id}
			}
			p := params()
			p.Container = tt.before
			next, err := messages.Continue(p, m)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, next.Container); diff != "" {
				t.Error(diff)
			}
			if before.ID != "" {
				t.Error("the container of the previous parameters has changed")
			}
		})
	}
}

// TestContinueChangesNothing appends to the result of Continue, when the slices of the previous parameters have spare
// capacity.
func TestContinueChangesNothing(t *testing.T) {
	t.Parallel()
	p := params()
	p.Messages = slices.Grow(p.Messages, 10)
	p.Tools = slices.Grow(p.Tools, 10)
	p.Extra = map[string]jsontext.Value{"a": jsontext.Value(`1`)}
	before := encode(t, &p)
	m := stopped(t, "end_turn", textA)
	blocks := []client.ContentBlockParam{messages.TextBlock("one"), messages.TextBlock("spare")}
	one, err := messages.Continue(p, m, blocks[:1]...)
	if err != nil {
		t.Fatal(err)
	}
	two, err := messages.Continue(p, m, messages.TextBlock("two"))
	if err != nil {
		t.Fatal(err)
	}
	wantOne := encode(t, &one)
	two.Messages[0], two.Tools[0], two.Extra["a"] = client.UserText("x"), nil, nil
	blocks[0] = nil
	if got := encode(t, &p); got != before {
		t.Errorf("the previous parameters have changed: %s", got)
	}
	if got := encode(t, &one); got != wantOne {
		t.Errorf("the other branch has changed: %s", got)
	}
}

func TestToolResult(t *testing.T) {
	t.Parallel()
	use := &client.ToolUseBlock{ID: "toolu_1", Name: "zoom", ToolsetName: "browser"}
	image := messages.ImageURL("https://example.com/a.png")
	for name, tt := range map[string]struct {
		result *client.ToolResultBlockParam
		want   string
	}{
		"result/text":   {messages.ToolResult(use, "a"), `{"type":"tool_result","tool_use_id":"toolu_1","content":"a","toolset_name":"browser"}`},
		"result/empty":  {messages.ToolResult(use, ""), `{"type":"tool_result","tool_use_id":"toolu_1","toolset_name":"browser"}`},
		"result/blocks": {messages.ToolResult(use, "", image), `{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}}],"toolset_name":"browser"}`},
		"result/both":   {messages.ToolResult(use, "a", image), `{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"a"},{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}}],"toolset_name":"browser"}`},
		"error/text":    {messages.ToolError(use, "no"), `{"type":"tool_result","tool_use_id":"toolu_1","content":"no","is_error":true,"toolset_name":"browser"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(value(t, tt.want), value(t, encode(t, tt.result))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
