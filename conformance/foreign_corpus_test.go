package conformance_test

import (
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

// refused are the samples that the service refuses, and why.
var refused = map[string]string{
	`^BetaBillingPolicy\.bill_to="user_profile"`:                       "not in batches",
	`^BetaCreateMessageParams\.(speed|thread|stream=true)`:             "not in batches",
	`^BetaThread(Create|Continue)Params`:                               "not in batches",
	`^BetaAssistantMessageParam\.content\[\]=BetaRequestDocumentBlock`: "not in the SDK's version of the API",
	`^BetaContentBlockSource($|\.type|\.content\[\])`:                  "the SDK omits the list; see wire-exceptions.txt",
	`^BetaRequestDocumentBlock\.source=BetaContentBlockSource`:         "the SDK omits the list; see wire-exceptions.txt",
}

// TestServiceTakesTheCorpus sends all samples of requests with the SDK as one batch: only those in refused may fail.
func TestServiceTakesTheCorpus(t *testing.T) {
	t.Parallel()
	service := batchtest.New(t)
	f := newForeign(t, service)
	var params anthropic.BetaMessageBatchNewParams
	samples := newCorpus("BetaCreateMessageBatchParams")
	for i, s := range samples {
		var one anthropic.BetaMessageBatchNewParams
		if err := one.UnmarshalJSON(s.json()); err != nil {
			t.Fatal(err)
		}
		request := one.Requests[0]
		request.CustomID = strconv.Itoa(i) // the samples' IDs are not unique
		params.Requests = append(params.Requests, request)
	}
	batch, err := f.New(t.Context(), params)
	if err != nil {
		t.Fatal(err)
	}
	service.Advance(time.Minute)
	results := f.results(t, batch.ID)
	reasons := make([]string, len(samples))
	for pattern, reason := range refused {
		re, used := regexp.MustCompile(pattern), false
		for i, s := range samples {
			if re.MatchString(s.name) {
				reasons[i], used = reason, true
			}
		}
		if !used {
			t.Errorf("no sample is %s", pattern)
		}
	}
	errored := 0
	requests := service.Requests(batch.ID)
	for i, s := range samples {
		switch result := results[strconv.Itoa(i)]; {
		case result.Type == "errored":
			errored++
			if reasons[i] == "" && !misplaced(requests[i].Raw) {
				t.Errorf("%s: %s", s.name, result.AsErrored().Error.Error.Message)
			}
		case result.Type != "succeeded":
			t.Errorf("%s: %s", s.name, result.Type)
		case reasons[i] != "":
			t.Errorf("%s succeeds: %s", s.name, reasons[i])
		}
	}
	t.Logf("of %d requests %d succeeded and %d were refused as expected", len(samples), len(samples)-errored, errored)
}

// misplaced reports whether params are refused only because of conflicts: a sample may refer to things that its request
// does not have, or its model may not accept it.
func misplaced(params []byte) bool {
	around := []preflight.Rule{preflight.Conflict, preflight.Misplaced, preflight.Order, preflight.Unpaired, preflight.Unresolved, preflight.NotAll, preflight.Mixed,
		preflight.JSONSchema, preflight.RefusedByModel}
	return !slices.ContainsFunc(preflight.CheckParams(params, preflight.Options{Version: gen.AnthropicVersionV20230601}), func(i preflight.Issue) bool {
		return i.Severity == preflight.Error && !slices.Contains(around, i.Rule)
	})
}

// TestVersionDecides sends a parameter that one version accepts and the other refuses.
func TestVersionDecides(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"2023-06-01": "succeeded", "2026-10-21": "errored"} {
		service := batchtest.New(t)
		f := newForeign(t, service, option.WithHeader("anthropic-version", version))
		request := greeting("a")
		request.Params.Model = "claude-of-the-test"                       // a known model may have rules of its own
		request.Params.SetExtraFields(map[string]any{"temperature": 0.5}) // the SDK has no field for it
		batch, err := f.New(t.Context(), anthropic.BetaMessageBatchNewParams{Requests: []anthropic.BetaMessageBatchNewParamsRequest{request}})
		if err != nil {
			t.Fatal(err)
		}
		service.Advance(time.Minute)
		if result := f.results(t, batch.ID)["a"]; result.Type != want {
			t.Errorf("%s: %s", version, result.RawJSON())
		}
	}
}
