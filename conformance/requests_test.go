package conformance_test

import (
	"bytes"
	"io"
	"net/http"
	"reflect"
	"testing"

	"github.com/anthropics/anthropic-sdk-go/v2"
	"github.com/anthropics/anthropic-sdk-go/v2/option"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// TestRequestsOnTheWire sends each sample of a create call with the SDK and with ours, from the types of each, and
// compares the bodies that go out.
func TestRequestsOnTheWire(t *testing.T) {
	t.Parallel()
	var wire wiretap
	sdk := anthropic.NewClient(option.WithAPIKey("key"), option.WithHTTPClient(&wire), option.WithMaxRetries(0))
	ours, err := client.New(client.WithAPIKey("key"), client.WithHTTPClient(wire.client()))
	if err != nil {
		t.Fatal(err)
	}
	c := newComparison()
	samples := newCorpus("BetaCreateMessageBatchParams")
	for _, s := range samples {
		var theirParams anthropic.BetaMessageBatchNewParams
		if err := theirParams.UnmarshalJSON(s.json()); err != nil {
			t.Errorf("%s: the SDK does not decode it: %v", s.name, err)
			continue
		}
		if place := asJSON(reflect.ValueOf(theirParams), ""); place != "" {
			t.Errorf("%s: the SDK has no type for %s", s.name, place)
		}
		if _, err := sdk.Beta.Messages.Batches.New(t.Context(), theirParams); err != nil {
			t.Errorf("%s: the SDK does not send it: %v", s.name, err)
			continue
		}
		theirBody := wire.body

		var ourParams gen.BetaCreateMessageBatchParams
		if err := ourParams.UnmarshalJSON(s.json()); err != nil {
			t.Errorf("%s: we do not decode it: %v", s.name, err)
			continue
		}
		if place := asJSON(reflect.ValueOf(ourParams), ""); place != "" {
			t.Errorf("%s: we have no type for %s", s.name, place)
		}
		if _, err := ours.Create(t.Context(), ourParams.Requests); err != nil {
			t.Errorf("%s: we do not send it: %v", s.name, err)
			continue
		}
		c.sample(s, "create", decoded(t, theirBody), decoded(t, wire.body))
	}
	c.finish(t, "create", "BetaCreateMessageBatchParams")
}

// A wiretap responds to create calls and keeps the last body.
type wiretap struct{ body []byte }

func (w *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	var err error
	if w.body, err = io.ReadAll(r.Body); err != nil {
		return nil, err
	}
	batch := []byte(`{"id":"msgbatch_1","type":"message_batch","processing_status":"in_progress","request_counts":{}}`)
	return &http.Response{
		StatusCode: http.StatusOK,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(bytes.NewReader(batch)),
		Request:    r,
	}, nil
}

func (w *wiretap) client() *http.Client { return &http.Client{Transport: w} }

// Do is the method that the SDK calls.
func (w *wiretap) Do(r *http.Request) (*http.Response, error) { return w.RoundTrip(r) }
