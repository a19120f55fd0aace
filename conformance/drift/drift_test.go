package drift_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/seed-111a911e/messagebatches"
	"github.com/seed-111a911e/messagebatches/conformance/drift"
	"github.com/seed-111a911e/messagebatches/conformance/internal/contract"
)

func TestNoDrift(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../drift-exceptions.txt")
	if err != nil {
		t.Fatal(err)
	}
	report, err := drift.Compare(contract.Load())
	if err != nil {
		t.Fatal(err)
	}
	report.Except("drift-exceptions.txt", string(text))
	for _, d := range report.Differences {
		t.Error(d)
	}
	t.Log(report.Summary())
}

type object = map[string]any

// TestDriftIsFound changes a copy of the contract to produce each kind of difference.
func TestDriftIsFound(t *testing.T) {
	t.Parallel()
	var doc object
	if err := yaml.Unmarshal([]byte(messagebatches.OpenAPI()), &doc); err != nil {
		t.Fatal(err)
	}
	schema := func(name string) object { return doc["components"].(object)["schemas"].(object)[name].(object) }
	properties := func(name string) object { return schema(name)["properties"].(object) }
	remove := func(s object, key, value string) {
		before := s[key].([]any)
		after := slices.DeleteFunc(slices.Clone(before), func(v any) bool { return v == value })
		if len(after) != len(before)-1 {
			t.Fatalf("the contract has no %s %s", key, value)
		}
		s[key] = after
	}

	delete(properties("BetaMetadata"), "user_id")
	properties("BetaMetadata")["user_name"] = object{"type": "string"}
	properties("BetaMessageBatch")["created_at"] = object{"type": "integer"}
	remove(schema("BetaMessageBatch"), "required", "expires_at")
	properties("BetaDeletedMessageBatch")["type"].(object)["const"] = "message_batch_gone"
	values := func(name string) object { return schema(name)["anyOf"].([]any)[0].(object) } // of an open enum
	stopReason := values("BetaMessageStopReason")
	remove(stopReason, "enum", "refusal")
	stopReason["enum"] = append(stopReason["enum"].([]any), "tired")
	remove(values("AnthropicBeta"), "enum", "output-300k-2026-03-24")
	remove(values("Model"), "enum", "claude-opus-5")
	remove(values("BetaErrorDetailsErrorCode"), "enum", "organization_on_hold")
	thinking, fallbacks := schema("BetaThinkingConfigParam"), schema("BetaFallbacks")
	thinking["oneOf"] = slices.DeleteFunc(thinking["oneOf"].([]any), func(v any) bool {
		return v.(object)["$ref"] == "#/components/schemas/BetaThinkingConfigDisabled"
	})
	fallbacks["oneOf"] = append(fallbacks["oneOf"].([]any), object{"type": "boolean"})
	delete(doc["paths"].(object), "/v1/messages/batches/{message_batch_id}/cancel")

	text, err := yaml.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	spoiled, err := contract.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	known := differences(t, contract.Load())
	got := slices.DeleteFunc(differences(t, spoiled), func(line string) bool { return slices.Contains(known, line) })
	want := []string{
		"cancelMessageBatch: the contract lacks it",
		"batch.expires_at(required): the contract lacks it",
		"batch.created_at: time in the SDK, integer in the contract",
		"deletion.type=message_batch_deleted: the contract lacks it",
		"deletion.type=message_batch_gone: the SDK lacks it",
		"details.error_code=organization_on_hold: the contract lacks it",
		"create.anthropic-beta[]=output-300k-2026-03-24: the contract lacks it",
		"create.requests[].params.fallbacks.boolean: the SDK lacks it",
		"create.requests[].params.metadata.user_id: the contract lacks it",
		"create.requests[].params.metadata.user_name: the SDK lacks it",
		"create.requests[].params.model=claude-opus-5: the contract lacks it",
		"create.requests[].params.thinking.disabled: the contract lacks it",
		"result.result.succeeded.message.stop_reason=refusal: the contract lacks it",
		"result.result.succeeded.message.stop_reason=tired: the SDK lacks it",
		"create.requests[].params.fallbacks.list[].thinking.disabled: the contract lacks it",                                      // another type in the SDK
		"create.requests[].params.fallbacks(beta): only in the SDK's beta namespace, and the contract has no x-needs-beta for it", // for a boolean
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func differences(t *testing.T, doc *openapi3.T) (lines []string) {
	t.Helper()
	report, err := drift.Compare(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range report.Differences {
		lines = append(lines, d.String())
	}
	return lines
}

func TestExceptions(t *testing.T) {
	t.Parallel()
	report := &drift.Report{Differences: []drift.Difference{
		{Place: "create.beta", Text: "the SDK lacks it"},
		{Place: "list.beta", Text: "the SDK lacks it"},
		{Place: "list.limits.beta", Text: "the SDK lacks it"},
		{Place: "batch.name", Text: "the contract lacks it"},
	}}
	const text = `# known
*.beta  the SDK sends it

batch.name
batch.id  long gone
`
	report.Except("x.txt", text)
	want := []drift.Difference{
		{Place: "list.limits.beta", Text: "the SDK lacks it"},
		{Place: "x.txt:4", Text: "batch.name has no reason: write it after the place"},
		{Place: "x.txt:5", Text: "batch.id matches no difference: remove the line"},
	}
	if diff := cmp.Diff(want, report.Differences); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := report.Prune("x.txt", text); got != strings.Replace(text, "batch.id  long gone\n", "", 1) {
		t.Errorf("pruned to %q", got)
	}
	if diff := cmp.Diff(want[:2], report.Differences); diff != "" {
		t.Errorf("pruned (-want +got)\n%s", diff)
	}
}
