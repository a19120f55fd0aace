package jobs

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// TestAccept resends requests with truncated answers with more tokens, until the answers fit or the rounds are over.
func TestAccept(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.options.Accept, w.options.Again = AcceptAll(AcceptSchema, AcceptComplete), MoreTokens(35)
		w.options.FollowUp.MaxAttempts = 4
		asked := make(map[string][]int64)
		w.service.AnswerAll(func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
			text, tokens := said(r), r.Params.MaxTokens
			asked[text] = append(asked[text], tokens)
			// The first answer fits into 10 tokens, the second into 35, and the third never fits.
			needs := map[byte]int64{'0': 10, '1': 35, '2': 1000}[text[len(text)-1]]
			m := gen.BetaMessage{Content: []gen.BetaContentBlock{&gen.BetaTextBlock{Text: text}}}
			if tokens < needs {
				m.StopReason = client.StopReasonMaxTokens
			}
			return batchtest.Message(m)(r)
		})
		r, err := w.live(newFuse(point{}))
		if err != nil || r.Answered != 3 || r.Rejected != 1 || r.Rounds != 3 || r.Reasked != 4 || r.Retried != 0 {
			t.Errorf("got %+v, %v", r, err)
		}
		for id, want := range map[string]int{"Say steady 0": 1, "Say steady 1": 3, "Say steady 2": 3} {
			if got := asked[id]; len(got) != want || got[len(got)-1] != []int64{10, 20, 35}[want-1] {
				t.Errorf("%s was sent with max_tokens %v", id, got)
			}
		}
		if err := w.duplicates(); err != nil {
			t.Error(err)
		}
		lines := strings.Split(strings.TrimSpace(string(w.disk.now[r.Output].data)), "\n")
		for i, want := range []client.StopReason{client.StopReasonEndTurn, client.StopReasonEndTurn, client.StopReasonMaxTokens} {
			item := client.ParseItem([]byte(lines[i]), i)
			if item.Message().StopReason != want {
				t.Errorf("result %d has stop reason %s", i, item.Message().StopReason)
			}
		}
	})
}

// schemaLine returns a request whose answer must match a schema.
func schemaLine(id string) string {
	return fmt.Sprintf(`{"custom_id":%q,"params":{"model":"claude-opus-5","max_tokens":100,"messages":[{"role":"user","content":"Say %s"}],`+
		`"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"label":{"type":"string","enum":["a","b"]}},"required":["label"],"additionalProperties":false}}}}}`+"\n", id, id)
}

// TestAcceptSchema resends requests whose answers do not match their schemas. If no answer matches, the last one is final.
func TestAcceptSchema(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.options.Accept = AcceptSchema
		w.disk.put(worldInput, schemaLine("steady 0")+schemaLine("steady 1")+schemaLine("steady 2"))
		answers := map[string][]string{
			"Say steady 0": {`{"label":"a"}`},
			"Say steady 1": {"```json", `{"label":"b"}`},
			"Say steady 2": {`{"label":"A"}`, `{}`, `{"label":"c"}`},
		}
		asked := make(map[string]int)
		w.service.AnswerAll(func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
			n := asked[said(r)]
			asked[said(r)]++
			return batchtest.Text(answers[said(r)][n])(r)
		})
		r, err := w.live(newFuse(point{}))
		if err != nil || r.Answered != 3 || r.Rejected != 1 || r.Rounds != 3 || r.Reasked != 3 {
			t.Errorf("got %+v, %v", r, err)
		}
		lines := strings.Split(strings.TrimSpace(string(w.disk.now[r.Output].data)), "\n")
		for i, want := range []string{`{"label":"a"}`, `{"label":"b"}`, `{"label":"c"}`} {
			item := client.ParseItem([]byte(lines[i]), i)
			if item.Text() != want {
				t.Errorf("result %d is %s", i, item.Text())
			}
		}
	})
}

func TestAccepts(t *testing.T) {
	t.Parallel()
	const label = "the text does not match the schema at label: not one of the values of the enum"
	for _, tt := range []struct {
		name, line, text string
		stop             client.StopReason
		accept           Accept
		want             string // part of the error; "" if the answer is accepted
	}{
		{"complete/end", requestLine("a"), "x", client.StopReasonEndTurn, AcceptComplete, ""},
		{"complete/tools", requestLine("a"), "x", client.StopReasonToolUse, AcceptComplete, ""},
		{"complete/truncated", requestLine("a"), "x", client.StopReasonMaxTokens, AcceptComplete, "max_tokens"},
		{"complete/refused", requestLine("a"), "x", client.StopReasonRefusal, AcceptComplete, "refus"},
		{"untruncated/refused", requestLine("a"), "x", client.StopReasonRefusal, AcceptUntruncated, ""},
		{"untruncated/truncated", requestLine("a"), "x", client.StopReasonMaxTokens, AcceptUntruncated, "max_tokens"},
		{"unrefused/truncated", requestLine("a"), "x", client.StopReasonMaxTokens, AcceptUnrefused, ""},
		{"unrefused/refused", requestLine("a"), "x", client.StopReasonRefusal, AcceptUnrefused, "refus"},
		{"schema/none", requestLine("a"), "x", client.StopReasonEndTurn, AcceptSchema, ""},
		{"schema/none and truncated", requestLine("a"), "x", client.StopReasonMaxTokens, AcceptSchema, ""},
		{"schema/matches", schemaLine("a"), `{"label":"a"}`, client.StopReasonEndTurn, AcceptSchema, ""},
		{"schema/other", schemaLine("a"), `{"label":"A"}`, client.StopReasonEndTurn, AcceptSchema, label},
		{"schema/old place", strings.Replace(strings.Replace(schemaLine("a"), `"output_config":{"format":`, `"output_format":`, 1), "}}}}}", "}}}}", 1), `{"label":"A"}`, client.StopReasonEndTurn, AcceptSchema, label},
		{"schema/not JSON", schemaLine("a"), `label a`, client.StopReasonEndTurn, AcceptSchema, "not JSON after byte 1"},
		{"schema/truncated", schemaLine("a"), `{"label":"a"}`, client.StopReasonMaxTokens, AcceptSchema, "max_tokens"},
		{"schema/tools", schemaLine("a"), ``, client.StopReasonToolUse, AcceptSchema, ""},
		{"schema/unknown stop", schemaLine("a"), `{"label":"a"}`, "new", AcceptSchema, ""},
		{"all/first", schemaLine("a"), `{"label":"A"}`, client.StopReasonEndTurn, AcceptAll(AcceptSchema, AcceptComplete), label},
		{"all/second", requestLine("a"), `x`, client.StopReasonRefusal, AcceptAll(AcceptSchema, AcceptComplete), "refus"},
		{"all/none", requestLine("a"), `x`, client.StopReasonEndTurn, AcceptAll(AcceptSchema, AcceptComplete), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			message := client.Message{StopReason: tt.stop, Content: []gen.BetaContentBlock{&gen.BetaTextBlock{Text: tt.text}}}
			err := tt.accept(&Answer{Item: &client.Item{Result: &client.SucceededResult{Message: message}}, Line: []byte(tt.line)})
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if tt.want == label && !errors.As(err, new(*SchemaError)) {
				t.Errorf("got error type %T", err)
			}
		})
	}
}

func TestMoreTokens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		tokens    int64
		why       error
		again     bool
		wantAfter int64
	}{
		{"truncated/duplicates", 10, client.ErrTruncated, true, 20},
		{"truncated/most", 40, client.ErrTruncated, true, 50},
		{"truncated/no more", 50, client.ErrTruncated, false, 50},
		{"truncated/and another reason", 10, errors.Join(new(SchemaError), client.ErrTruncated), true, 20},
		{"other/unchanged", 50, new(SchemaError), true, 50},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &client.Request{Params: client.Params{MaxTokens: tt.tokens}}
			if again := MoreTokens(50)(r, nil, tt.why); again != tt.again || r.Params.MaxTokens != tt.wantAfter {
				t.Errorf("got %v, %d", again, r.Params.MaxTokens)
			}
		})
	}
}
