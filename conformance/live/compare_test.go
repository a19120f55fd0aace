package live

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestDifferences uses a service that differs from the contract or the fake: each difference must be reported, in one
// line.
func TestDifferences(t *testing.T) {
	t.Parallel()
	malformed := func(name, value string) func(*batchtest.Service) {
		return func(s *batchtest.Service) { s.Inject(batchtest.Get, batchtest.Malformed(name, value)) }
	}
	for name, tt := range map[string]struct {
		options        []batchtest.Option
		prepare        func(*batchtest.Service)
		contract, fake []string // parts of lines
	}{
		"contract/wrong kind": {
			prepare:  malformed("created_at", `7`),
			contract: []string{"retrieveMessageBatch, 200: invalid at /created_at: got number, want string"},
			fake:     []string{"retrieveMessageBatch, 200: .created_at is number or string, and string in the fake"},
		},
		"contract/missing property": {
			prepare:  malformed("expires_at", ``),
			contract: []string{"retrieveMessageBatch, 200: invalid at /: missing property 'expires_at'"},
		},
		"contract/newer property": {
			prepare:  malformed("priority", `"high"`),
			contract: []string{"retrieveMessageBatch, 200: BetaMessageBatch.priority is a property that the contract does not have"},
			fake:     []string{"retrieveMessageBatch, 200: .priority is string, and absent in the fake"},
		},
		"contract/newer value": {
			prepare:  malformed("processing_status", `"paused"`),
			contract: []string{`retrieveMessageBatch, 200: BetaMessageBatch.processing_status is "paused", a value that the contract does not have`},
		},
		"contract/newer result": {
			prepare: func(s *batchtest.Service) { s.AnswerAll(batchtest.Raw(`{"type":"postponed"}`)) },
			contract: []string{
				"results: request 0 is postponed, and should be succeeded",
				`retrieveMessageBatchResults, 200: BetaMessageBatchIndividualResponse.result has the type "postponed", which the contract does not have`,
			},
			fake: []string{"results, request 0: the service says postponed, the fake succeeded"},
		},
		"contract/headers": {
			options: []batchtest.Option{batchtest.WithHeader("anthropic-ratelimit-requests-limit", "many"), batchtest.WithHeader("anthropic-newer", "1")},
			contract: []string{
				"listMessageBatches, 200: header anthropic-ratelimit-requests-limit is not the contract's integer: many",
				"createMessageBatch, 400: the contract does not list the header anthropic-newer there",
			},
			fake: []string{"header anthropic-newer: only the service sends it"},
		},
		"contract/no request-id": {
			prepare:  func(s *batchtest.Service) { s.Inject(batchtest.Create, batchtest.EdgeForbidden()) },
			contract: []string{"createMessageBatch, 403: there is no header request-id", "unknown-beta: the contract says 400 invalid_request_error, the service says 403 forbidden"},
		},
		"contract/status": {
			prepare: func(s *batchtest.Service) {
				s.Inject(batchtest.Create, batchtest.Fail(422, "invalid_request_error", "No."))
			},
			contract: []string{"createMessageBatch, 422: the contract does not list this status for the operation"},
			fake:     []string{"unknown-beta, response: the service says 422 invalid_request_error, the fake 400 invalid_request_error"},
		},
		"contract/not JSON": {
			prepare: func(s *batchtest.Service) {
				s.Inject(batchtest.Get, batchtest.Status(502, "<html>", "content-type", "text/html", "request-id", ""))
			},
			contract: []string{`retrieveMessageBatch, 502: content-type is "text/html", which the contract does not have there`},
		},
		"contract/beta accepted": {
			options:  []batchtest.Option{batchtest.AllowBetas(unknownBeta)},
			contract: []string{"unknown-beta: the contract says 400 invalid_request_error, the service says 200"},
			fake:     []string{"unknown-beta, response: the service says 200, the fake 400 invalid_request_error"},
		},
		"contract/counts": {
			prepare:  malformed("request_counts", `{"processing":1,"succeeded":1,"errored":1,"canceled":0,"expired":0}`),
			contract: []string{"watch: the contract says that counts other than processing are 0 until the batch has ended"},
		},
		"fake/canceling after the end": {
			prepare: func(s *batchtest.Service) {
				s.Inject(batchtest.Cancel, batchtest.Fail(409, "conflict_error", "Ended."))
			},
			fake: []string{"cancel-ended, response: the service says 409 conflict_error, the fake 400 invalid_request_error"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, tt.options...)
				if tt.prepare != nil {
					tt.prepare(s)
				}
				r := runOn(t, s)
				text := r.Markdown()
				for _, want := range slices.Concat(tt.contract, tt.fake) {
					if !strings.Contains(text, "\n- "+want) {
						t.Errorf("%q is not in the record:\n%s", want, text)
					}
				}
				if (len(tt.contract) == 0) != (len(r.contractDiffers) == 0) {
					t.Errorf("differences from the contract: %q", r.contractDiffers)
				}
				if len(r.Failed()) == 0 && len(tt.contract) > 0 {
					t.Error("the run is a success")
				}
				if left := s.Batches(); len(left) != 0 {
					t.Errorf("left behind: %+v", left)
				}
			})
		})
	}
}
