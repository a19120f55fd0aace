package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

func TestMalformedFieldKeepsTheBatch(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change [2]string
		zero   bool
		ok     bool
	}{
		"null":    {[2]string{`"ended_at":null`, `"ended_at":null`}, true, true},
		"absent":  {[2]string{`"ended_at":null,`, ``}, true, true},
		"time":    {[2]string{`"ended_at":null`, `"ended_at":"2026-08-20T19:10:04.5Z"`}, false, true},
		"empty":   {[2]string{`"ended_at":null`, `"ended_at":""`}, true, false},
		"garbage": {[2]string{`"ended_at":null`, `"ended_at":"soon"`}, true, false},
		"number":  {[2]string{`"ended_at":null`, `"ended_at":5`}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := batchtest.New(t, batchtest.WithDuration(time.Hour))
			s.Inject(batchtest.Create, batchtest.Rewrite(func(body []byte) []byte {
				return []byte(strings.Replace(string(body), tt.change[0], tt.change[1], 1))
			}))
			b, err := s.Client().Create(t.Context(), requests(1))
			if b == nil || b.ID == "" || !strings.Contains(string(b.Raw), strings.TrimSuffix(tt.change[1], ",")) {
				t.Fatalf("the batch is lost: %+v, %v", b, err)
			}
			if b.EndedAt.IsZero() != tt.zero || err != nil || (b.Malformed == nil) != tt.ok {
				t.Errorf("got ended_at %v, malformed %v, error %v", b.EndedAt, b.Malformed, err)
			}
			if b.Malformed != nil && b.Malformed.Pointer != "/ended_at" {
				t.Errorf("Malformed does not name the field: %v", b.Malformed)
			}
		})
	}
}

// TestTruncatedBatchIsRetried truncates a batch after its ID and status, before its counts: it must not become a batch
// without results.
func TestTruncatedBatchIsRetried(t *testing.T) {
	t.Parallel()
	inBubble(t, 0, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		batch := create(t, c, 3)
		cut := func(b []byte) []byte { return b[:bytes.Index(b, []byte(`"ended"`))+10] }
		for _, fault := range []batchtest.Fault{batchtest.ThenDrop(batchtest.Rewrite(cut)), batchtest.Rewrite(cut)} {
			s.Inject(batchtest.Get, fault)
			wantResults(t, 3, c.Results(t.Context(), batch.ID))
			s.Inject(batchtest.Get, fault)
			if b, err := c.Wait(t.Context(), batch.ID); err != nil || b.RequestCounts.Succeeded != 3 {
				t.Errorf("Wait returns %+v, %v", b, err)
			}
		}
	})
}

// TestBatchJSON stores batches as JSON, with properties that the contract does not know, and reads them again.
func TestBatchJSON(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	s.Inject(batchtest.Create, nil, batchtest.Malformed("priority", `"high"`), batchtest.Malformed("created_at", `"soon"`))
	for range 3 {
		b := create(t, s.Client(), 1)
		for name, marshal := range map[string]func(any) ([]byte, error){
			"v1": json.Marshal, "v2": func(x any) ([]byte, error) { return jsonv2.Marshal(x) },
		} {
			var again, value client.Batch
			stored, err := marshal(b)
			if err != nil || json.Unmarshal(stored, &again) != nil || string(stored) != string(b.Raw) {
				t.Errorf("%s: got %s, %v", name, stored, err)
			}
			if again.ID != b.ID || string(again.Raw) != string(b.Raw) || (again.Malformed == nil) != (b.Malformed == nil) {
				t.Errorf("%s: got %+v, want %+v", name, again, b)
			}
			if stored, err := marshal(*b); err != nil || jsonv2.Unmarshal(stored, &value) != nil || value.ID != b.ID {
				t.Errorf("%s of a value: got %s, %v", name, stored, err)
			}
		}
	}
	made := client.Batch{BetaMessageBatch: gen.BetaMessageBatch{ID: "b"}}
	if stored, err := json.Marshal(made); err != nil || !strings.Contains(string(stored), `"id":"b"`) {
		t.Errorf("got %s, %v", stored, err)
	}
}

// TestMalformedResponsesToCreateAreBatches makes one property of the response malformed.
func TestMalformedResponsesToCreateAreBatches(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		property, value string
		pointer         string // of the malformed property, if the response is a batch
		uncertain       bool
		id              bool // the UncertainError has the id
	}{
		"created_at/without a zone":    {"created_at", `"2026-11-20T10:00:00"`, "/created_at", false, false},
		"expires_at/a word":            {"expires_at", `"soon"`, "/expires_at", false, false},
		"ended_at/empty":               {"ended_at", `""`, "/ended_at", false, false},
		"request_counts/null":          {"request_counts", "null", "/request_counts", false, false},
		"request_counts/absent":        {"request_counts", "", "/request_counts", false, false},
		"request_counts/a string":      {"request_counts", `"2"`, "/request_counts", false, false},
		"processing_status/a number":   {"processing_status", "1", "/processing_status", false, false},
		"processing_status/absent":     {"processing_status", "", "/processing_status", false, false},
		"results_url/a number":         {"results_url", "1", "/results_url", false, false},
		"type/absent":                  {"type", "", "", false, false},
		"type/another":                 {"type", `"batch"`, "", true, true},
		"type/a number":                {"type", "1", "", true, true},
		"id/absent":                    {"id", "", "", true, false},
		"id/null":                      {"id", "null", "", true, false},
		"id/a number":                  {"id", "7", "", true, false},
		"id/empty":                     {"id", `""`, "", true, false},
		"unknown property/no JSON":     {"x", "{", "", false, false},
		"other case/created_at":        {"Created_At", `"soon"`, "", false, false},
		"other case/id":                {"ID", `"msgbatch_other"`, "", false, false},
		"other case/processing_status": {"Processing_Status", "1", "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := batchtest.New(t, batchtest.WithDuration(time.Hour))
			s.Inject(batchtest.Create, batchtest.Malformed(tt.property, tt.value))
			b, err := s.Client().Create(t.Context(), requests(2))
			if (b == nil) == (err == nil) || len(s.Calls(batchtest.Create)) != 1 {
				t.Fatalf("got %+v with %v, after %d calls", b, err, len(s.Calls(batchtest.Create)))
			}
			id := s.Batches()[0].ID
			var uncertain *client.UncertainError
			switch {
			case tt.uncertain:
				if !errors.As(err, &uncertain) || (uncertain.BatchID == id) != tt.id || strings.Contains(err.Error(), id) != tt.id {
					t.Errorf("got %v", err)
				}
			case err != nil || b.ID != id:
				t.Errorf("got %+v, %v", b, err)
			case tt.pointer != "" && (b.Malformed == nil || string(b.Malformed.Pointer) != tt.pointer):
				t.Errorf("malformed is %v, want %s", b.Malformed, tt.pointer)
			case tt.pointer == "" && b.Malformed != nil && tt.value != "{" && tt.property != "type":
				t.Errorf("malformed is %v", b.Malformed)
			}
		})
	}
}
