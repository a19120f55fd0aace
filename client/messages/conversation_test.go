package messages_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/messages"
	"github.com/seed-111a911e/messagebatches/client/preflight"
)

// newClient returns a client of a fake service. The client checks its requests before it sends them.
func newClient(s *batchtest.Service) *client.Client {
	return s.Client(client.WithPreflight(preflight.Checker{}))
}

// ask sends one request in a batch of its own and returns its answer.
func ask(t *testing.T, c *client.Client, id string, p client.Params) *client.Message {
	t.Helper()
	batch, err := c.Create(t.Context(), []client.Request{{CustomID: id, Params: p}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(t.Context(), batch.ID); err != nil {
		t.Fatal(err)
	}
	for item, err := range c.Results(t.Context(), batch.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if item.Err() != nil {
			t.Fatal(item.Err())
		}
		return item.Message()
	}
	t.Fatal("no result")
	return nil
}

// raw returns an answer: a message in JSON, without properties that the client does not need.
func raw(stopReason string, blocks ...string) batchtest.Answer {
	return batchtest.Raw(`{"type":"succeeded","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-opus-5","stop_sequence":null,` +
		`"stop_details":null,"container":{"id":"container_1","expires_at":"2026-08-20T19:07:24Z","skills":null},"context_management":null,"diagnostics":null,` +
		`"usage":{"input_tokens":1,"output_tokens":1},"stop_reason":"` + stopReason + `","content":[` + strings.Join(blocks, ",") + `]}}`)
}

// TestConversation runs a conversation over three batches, each a day long: a paused turn, tool calls, and an answer in
// JSON. The service receives its own blocks unchanged, to the byte.
func TestConversation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const (
			thinking = `{"type":"thinking","signature":"Er+8A==","thinking":"Two cities."}`
			query    = `{"type":"server_tool_use","id":"srvtoolu_1","input":{"query":"Zürich  <>&","n":1.0},"name":"web_search"}`
			call     = `{"type":"tool_use","id":"toolu_1","input":{"days":12345678901234567890,"city":"Bern"},"name":"get_weather"}`
			call2    = `{"type":"tool_use","id":"toolu_2","input":{"city":"Zürich","days":2},"name":"get_weather"}`
		)
		s := batchtest.New(t, batchtest.WithDuration(23*time.Hour))
		s.Answer("trip", batchtest.InTurn(
			raw("pause_turn", thinking, query),
			raw("tool_use", call, call2),
			raw("end_turn", `{"type":"text","text":"{\"city\":\"Bern\",\"days\":3}"}`),
		))
		c := newClient(s)

		tool, err := messages.Tool[weather]("get_weather", "Tells the weather.")
		if err != nil {
			t.Fatal(err)
		}
		format, err := messages.OutputFormat[weather]()
		if err != nil {
			t.Fatal(err)
		}
		p := client.Params{
			Model: client.ModelClaudeOpus5, MaxTokens: 1024,
			System:       messages.System(messages.TextBlock("Plan trips.")),
			Messages:     []client.InputMessage{client.UserText("Bern or Zürich?")},
			Tools:        []client.ToolUnion{tool, &client.WebSearchTool20250305{}},
			OutputConfig: &client.OutputConfig{Format: format},
		}
		paused := ask(t, c, "trip", p)
		if err := paused.Err(); !errors.Is(err, client.ErrPaused) {
			t.Fatalf("got %v", err)
		}
		if p, err = messages.Continue(p, paused); err != nil {
			t.Fatal(err)
		}
		calls := ask(t, c, "trip", p)
		if err := calls.Err(); !errors.Is(err, client.ErrToolUse) {
			t.Fatalf("got %v", err)
		}
		var results []client.ContentBlockParam
		for _, use := range calls.ToolUses("get_weather") {
			in, err := messages.DecodeInput[weather](use)
			if err != nil {
				results = append(results, messages.ToolError(use, "days is too large"))
				continue
			}
			results = append(results, messages.ToolResult(use, fmt.Sprintf("%s: sun for %d days", in.City, in.Days)))
		}
		if p, err = messages.Continue(p, calls, results...); err != nil {
			t.Fatal(err)
		}
		trip, err := messages.DecodeText[weather](ask(t, c, "trip", p))
		if want := (weather{City: "Bern", Days: 3}); err != nil || trip != want {
			t.Errorf("got %+v, %v, want %+v", trip, err, want)
		}

		batches := s.Batches()
		if len(batches) != 3 {
			t.Fatalf("%d batches", len(batches))
		}
		got := string(s.Requests(batches[2].ID)[0].Raw)
		for _, want := range []string{
			`"container":"container_1"`,
			`{"role":"assistant","content":[` + thinking + `,` + query + `]},{"role":"assistant","content":[` + call + `,` + call2 + `]},` +
				`{"role":"user","content":[{"type":"tool_result","content":"days is too large","is_error":true,"tool_use_id":"toolu_1"},` +
				`{"type":"tool_result","content":"Zürich: sun for 2 days","tool_use_id":"toolu_2"}]}`,
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s\nis not in\n%s", want, got)
			}
		}
	})
}

// TestUnknownBlockGoesBack makes the model answer with a block that is newer than the contract: it is sent back unchanged,
// and neither preflight nor the fake refuses it.
func TestUnknownBlockGoesBack(t *testing.T) {
	t.Parallel()
	const block = `{"type":"hologram","size":[1,2.50]}`
	m := new(client.Message)
	if err := m.UnmarshalJSON([]byte(`{"id":"msg_1","type":"message","role":"assistant","content":[` + block + `],"stop_reason":"end_turn","usage":{}}`)); err != nil {
		t.Fatal(err)
	}
	p := client.Params{Model: client.ModelClaudeOpus5, MaxTokens: 16, Messages: []client.InputMessage{client.UserText("Show me.")}}
	next, err := messages.Continue(p, m, messages.TextBlock("Larger, please."))
	if err != nil {
		t.Fatal(err)
	}
	request := client.Request{CustomID: "a", Params: next}
	if b, err := request.AppendJSON(nil); err != nil || !strings.Contains(string(b), block) {
		t.Errorf("%s, %v", b, err)
	}
	if err := preflight.Check([]client.Request{request}, preflight.Options{}).Err(); err != nil {
		t.Error(err)
	}
}
