package preflight_test

import (
	"testing"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A version refuses documents in assistant messages, but not those fetched by a server tool: otherwise no conversation
// with the tool could continue.
func TestDocumentsOfTheAssistant(t *testing.T) {
	t.Parallel()
	const document = `{"type":"document","source":{"type":"text","media_type":"text/plain","data":"Soup 5"}}`
	for content, want := range map[string]int{
		document: 1,
		`{"type":"web_fetch_tool_result","tool_use_id":"srvtoolu_1","content":{"type":"web_fetch_result","url":"https://example.com","content":` + document + `}}`: 0,
	} {
		params := `{"model":"claude-opus-5","max_tokens":1,"messages":[{"role":"assistant","content":[` + content + `]}]}`
		issues := preflight.CheckParams([]byte(params), preflight.Options{Version: gen.AnthropicVersionV20261021})
		if len(issues) != want {
			t.Errorf("%s: got %v, want %d issues", content, issues, want)
		}
	}
}
