package batchtest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

func TestMalformed(t *testing.T) {
	t.Parallel()
	for where, s := range everywhere(t) {
		whole := s.do(t, "POST", "", body("r"))
		before := read(t, whole)
		counts := `"request_counts":{"canceled":0,"errored":0,"expired":0,"processing":1,"succeeded":0}`
		if !strings.Contains(before, counts) {
			t.Fatal(before)
		}
		id := s.Batches()[0].ID
		for name, tt := range map[string]struct {
			fault batchtest.Fault
			want  string
		}{
			"replaced":      {batchtest.Malformed("request_counts", `null`), strings.Replace(before, counts, `"request_counts":null`, 1)},
			"not JSON":      {batchtest.Malformed("request_counts", `{`), strings.Replace(before, counts, `"request_counts":{`, 1)},
			"first":         {batchtest.Malformed("type", `"\u0062"`), strings.Replace(before, `{"type":"message_batch"`, `{"type":"\u0062"`, 1)},
			"removed":       {batchtest.Malformed("request_counts", ``), strings.Replace(before, ","+counts, "", 1)},
			"added":         {batchtest.Malformed("a\"b", `1`), strings.TrimSuffix(before, "}\n") + `,"a\"b":1}` + "\n"},
			"of other case": {batchtest.Malformed("Request_Counts", `{}`), strings.TrimSuffix(before, "}\n") + `,"Request_Counts":{}}` + "\n"},
		} {
			s.Inject(batchtest.Get, tt.fault)
			resp := s.do(t, "GET", "/"+id, nil)
			if diff := cmp.Diff(tt.want, read(t, resp)); diff != "" || resp.StatusCode != 200 {
				t.Errorf("%s/%s: %d, %s", where, name, resp.StatusCode, diff)
			}
		}
		s.Inject(batchtest.Create, batchtest.Malformed("created_at", `"soon"`))
		if got := read(t, s.do(t, "POST", "", body("r"))); !strings.Contains(got, `"created_at":"soon"`) || len(s.Batches()) != 2 {
			t.Errorf("%s: got %s, %d batches", where, got, len(s.Batches()))
		}
	}
}

func TestOtherID(t *testing.T) {
	t.Parallel()
	for where, s := range everywhere(t, batchtest.WithDuration(0)) {
		mine, _ := results(t, s.Service, "a", "b")
		other, _ := results(t, s.Service, "c")
		type seen struct {
			ID, Type string
			Counts   gen.BetaRequestCounts `json:"request_counts"`
		}
		call := func(op batchtest.Op, method, path, id string) (b seen) {
			s.Inject(op, batchtest.OtherID(id))
			text := read(t, s.do(t, method, path, body("r")))
			if err := json.Unmarshal([]byte(text), &b); err != nil || strings.Contains(text, mine.ID) {
				t.Errorf("%s: %s %s returns %s", where, method, path, text)
			}
			return b
		}
		batch := func(id string, counts gen.BetaRequestCounts) seen { return seen{id, "message_batch", counts} }
		if diff := cmp.Diff(batch("b", gen.BetaRequestCounts{Processing: 1}), call(batchtest.Create, "POST", "", "b")); diff != "" || len(s.Batches()) != 3 {
			t.Errorf("%s: create: %s", where, diff)
		}
		if diff := cmp.Diff(batch(other.ID, gen.BetaRequestCounts{Succeeded: 1}), call(batchtest.Get, "GET", "/"+mine.ID, other.ID)); diff != "" {
			t.Errorf("%s: get: %s", where, diff)
		}
		if diff := cmp.Diff(batch("b", gen.BetaRequestCounts{Succeeded: 2}), call(batchtest.Get, "GET", "/"+mine.ID, "b")); diff != "" {
			t.Errorf("%s: get of a batch that does not exist: %s", where, diff)
		}
		s.Inject(batchtest.Results, batchtest.OtherID(other.ID))
		if got := read(t, s.do(t, "GET", "/"+mine.ID+"/results", nil)); !strings.HasPrefix(got, `{"custom_id":"c"`) {
			t.Errorf("%s: results are %s", where, got)
		}
		if diff := cmp.Diff(seen{ID: other.ID, Type: "message_batch_deleted"}, call(batchtest.Delete, "DELETE", "/"+mine.ID, other.ID)); diff != "" {
			t.Errorf("%s: delete: %s", where, diff)
		}
		if left := s.Batches(); len(left) != 2 || left[0].ID != other.ID {
			t.Errorf("%s: it has deleted a batch other than the one in the call: %+v", where, left)
		}
	}
}

func TestEdgeForbidden(t *testing.T) {
	t.Parallel()
	for where, s := range everywhere(t) {
		s.Inject(batchtest.Create, batchtest.EdgeForbidden())
		resp := s.do(t, "POST", "", body("r"))
		if got := read(t, resp); got != `{"error":{"type":"forbidden","message":"Request not allowed"}}` || resp.StatusCode != 403 ||
			resp.Header["Request-Id"] != nil || resp.Header.Get("content-type") != "application/json" || len(s.Batches()) != 0 {
			t.Errorf("%s: got %d %v %s", where, resp.StatusCode, resp.Header, got)
		}
	}
}
