package client_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

func TestUnknownTypesAreKept(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	s.Answer("r0", batchtest.Raw(`{"type":"postponed","until":{"b":1,"a":2}}`))
	s.Answer("r1", batchtest.Message(gen.BetaMessage{Content: []gen.BetaContentBlock{&gen.Unknown{Raw: []byte(`{"type":"hologram","size":12345678901234567890}`)}}}))
	s.Answer("r2", batchtest.Errored(&gen.Unknown{Raw: []byte(`{"type":"melted","message":"Hot."}`)}))
	c := s.Client()
	batch := create(t, c, 3)
	for _, item := range wantResults(t, 3, c.Results(t.Context(), batch.ID)) {
		switch item.CustomID {
		case "r0":
			u, ok := item.Result.(*gen.Unknown)
			if !ok || u.Type != "postponed" || string(u.Raw) != `{"type":"postponed","until":{"b":1,"a":2}}` {
				t.Errorf("got %#v", item.Result)
			}
			if err := item.Err(); err == nil || !strings.Contains(err.Error(), `"postponed"`) {
				t.Errorf("got %v", err)
			}
		case "r1":
			u, ok := item.Message().Content[0].(*gen.Unknown)
			if !ok || u.Type != "hologram" || !strings.Contains(string(u.Raw), "12345678901234567890") {
				t.Errorf("got %#v", item.Message().Content[0])
			}
		case "r2":
			var apiErr *client.APIError
			if !errors.As(item.Err(), &apiErr) || apiErr.Type != "melted" || apiErr.Message != "Hot." {
				t.Errorf("got %v", item.Err())
			}
		}
	}
}

// TestFreeJSONIsKept sends free JSON of the caller and reads free JSON of the model: neither numbers nor the order of names
// change.
func TestFreeJSONIsKept(t *testing.T) {
	t.Parallel()
	const free = `{"z":12345678901234567890,"a":1.0,"m":1e2,"a2":[{"y":1,"b":2}]}`
	s := batchtest.New(t, batchtest.WithDuration(0))
	var sent []byte
	s.Inject(batchtest.Create, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		sent, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(sent))
		next.ServeHTTP(w, r)
	})
	s.Answer("r0", batchtest.Message(gen.BetaMessage{Content: []gen.BetaContentBlock{&gen.BetaToolUseBlock{ID: "t", Name: "n", Input: []byte(free)}}}))
	c := s.Client()
	r := requests(1)
	r[0].Params.Messages = append(r[0].Params.Messages, &gen.BetaAssistantMessageParam{Content: gen.BetaMessageContentBlocks{
		&gen.BetaToolUseBlockParam{ID: "t", Name: "n", Input: []byte(free)},
	}}, &gen.BetaUserMessageParam{Content: gen.BetaMessageContentBlocks{&gen.BetaToolResultBlockParam{ToolUseID: "t"}}})
	batch, err := c.Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(sent, []byte(free)) {
		t.Errorf("sent %s", sent)
	}
	for _, item := range wantResults(t, 1, c.Results(t.Context(), batch.ID)) {
		if item.Err() != nil {
			t.Fatal(item.Err())
		}
		if got := string(item.Message().Content[0].(*gen.BetaToolUseBlock).Input); got != free {
			t.Errorf("got %s", got)
		}
	}
}
