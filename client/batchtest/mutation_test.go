package batchtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/contract"
	"github.com/seed-111a911e/messagebatches/internal/contract/schema"
)

// TestFakeRefusesWhatTheContractRefuses changes one thing at a time in each component that a request can contain. If
// kin-openapi, which is independent of preflight, finds that the change violates the contract, the fake must refuse it:
// with 400, or with an errored result.
func TestFakeRefusesWhatTheContractRefuses(t *testing.T) {
	t.Parallel()
	b := breed()
	schema := contract.LoadForChecks().Components.Schemas["BetaCreateMessageBatchParams"].Value
	refused := refusals(t, b.mutants)
	tried, caught, allowed := make(map[string]int), make(map[string]int), make(map[string]int)
	intact := 0
	for i, m := range b.mutants {
		forbidden := schema.VisitJSON(decode(t, m.body), openapi3.FailFast()) != nil || strings.HasPrefix(m.what, "refused ")
		switch {
		case m.what == "":
			if intact++; forbidden || refused[i] != "" && bySchema(t, m.body) {
				t.Errorf("%s: the contract's example is refused: %s", m.where, refused[i])
			}
		case !forbidden:
			allowed[m.what]++
		case refused[i] == "":
			tried[m.what]++
			t.Errorf("%s: %s, and the fake accepts it: %.300s", m.where, m.what, m.body)
		default:
			tried[m.what]++
			caught[m.what]++
		}
	}
	total := 0
	for _, what := range slices.Sorted(maps.Keys(tried)) {
		total += tried[what]
		t.Logf("%s: %d tried, %d caught; %d more that the contract allows", what, tried[what], caught[what], allowed[what])
	}
	t.Logf("%d mutants of %d components against the contract; %d requests with nothing changed", total, len(b.seen), intact)
	for name := range reachable(t) {
		if !b.seen[name] {
			t.Errorf("%s can be in a request, but has no mutants", name)
		}
	}
}

// bySchema reports whether a request is refused because of the schema of a value, and not because of neighbouring
// values, which differ from those around the contract's example.
func bySchema(t *testing.T, body []byte) bool {
	t.Helper()
	var b struct {
		Requests []struct{ Params json.RawMessage }
	}
	if err := json.Unmarshal(body, &b); err != nil {
		t.Fatal(err)
	}
	for _, issue := range preflight.CheckParams(b.Requests[0].Params, preflight.Options{Version: gen.AnthropicVersionV20230601}) {
		switch issue.Rule {
		case preflight.Conflict, preflight.Misplaced, preflight.Order, preflight.Unpaired, preflight.Unresolved, preflight.JSONSchema, preflight.RefusedByModel:
		default:
			if issue.Severity == preflight.Error {
				return true
			}
		}
	}
	return false
}

// reachable returns the components that a request refers to, directly or indirectly, except those that a batch refuses.
func reachable(t *testing.T) map[string]bool {
	names := make(map[string]bool)
	var visit func(v any)
	visit = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, element := range v {
				visit(element)
			}
		case map[string]any:
			if slices.ContainsFunc(refusalsOf(v), schema.Refusal.ByBatch) {
				return
			}
			ref, _ := v["$ref"].(string)
			if name, ok := strings.CutPrefix(ref, "#/components/schemas/"); ok && !names[name] {
				names[name] = true
				b, err := json.Marshal(contract.Load().Components.Schemas[name].Value)
				if err != nil {
					t.Fatal(err)
				}
				visit(decode(t, b))
			}
			for key, element := range v {
				if key != "example" {
					visit(element)
				}
			}
		}
	}
	visit(map[string]any{"$ref": "#/components/schemas/BetaCreateMessageBatchParams"})
	return names
}

// refusals sends the mutants and returns the fake's error for each. Those that create accepts are sent together in one
// batch.
func refusals(t *testing.T, mutants []mutant) map[int]string {
	s := batchtest.New(t, batchtest.WithDuration(0), batchtest.WithoutHistory())
	refused := make(map[int]string)
	batches := map[string][]string{} // requests by version
	for i, m := range mutants {
		version := "2023-06-01"
		if m.what == "refused by version" {
			version = "2026-10-21"
		}
		if params, ok := paramsOf(m.body); ok {
			batches[version] = append(batches[version], fmt.Sprintf(`{"custom_id":"%d","params":%s}`, i, params))
			continue
		}
		resp := do(t, s, "POST", "", bytes.NewReader(m.body), "anthropic-version", version)
		if answer := read(t, resp); resp.StatusCode == 400 {
			refused[i] = answer
		}
	}
	for version, requests := range batches {
		in := strings.NewReader(`{"requests":[` + strings.Join(requests, ",") + `]}`)
		batch := send[gen.BetaMessageBatch](t, s, "POST", "", in, "anthropic-version", version)
		for id, result := range resultsOf(t, s, batch.ID) {
			if e, ok := result.(*gen.BetaMessageBatchErroredResult); ok {
				var i int
				fmt.Sscan(id, &i)
				refused[i] = e.Error.Error.(*gen.BetaInvalidRequestError).Message
			}
		}
	}
	return refused
}

// paramsOf returns the parameters of a body's only request, if create cannot refuse the body.
func paramsOf(body []byte) (params json.RawMessage, ok bool) {
	var b struct {
		Requests []struct {
			CustomID string `json:"custom_id"`
			Params   json.RawMessage
		}
	}
	if json.Unmarshal(body, &b) != nil || len(b.Requests) != 1 || b.Requests[0].CustomID != "greeting-1" {
		return nil, false
	}
	params = b.Requests[0].Params
	return params, bytes.HasPrefix(params, []byte("{"))
}

func decode(t *testing.T, b []byte) (v any) {
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
