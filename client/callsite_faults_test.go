package client_test

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A siteFault is a way for calls to fail.
type siteFault struct {
	fault   batchtest.Fault
	ops     []batchtest.Op // that it applies to; nil for all
	slow    bool           // it takes so long that it needs fake time
	once    bool           // it applies only once in a row
	refuses bool           // the API itself says that a create was not accepted: its whole body may be resent
}

// siteFaults are all faults of the fake, by name, and the most common other ones. The colleague's batch is otherID.
func siteFaults(s *batchtest.Service, otherID string) map[string]siteFault {
	const text = "upstream error"
	var (
		results   = []batchtest.Op{batchtest.Results}
		documents = []batchtest.Op{batchtest.Create, batchtest.Get, batchtest.List, batchtest.Results} // whose responses are not errors
		batches   = []batchtest.Op{batchtest.Create, batchtest.Get, batchtest.Cancel}
		ids       = []batchtest.Op{batchtest.Get, batchtest.Cancel, batchtest.Delete}
	)
	dropAll := func(f batchtest.Fault) batchtest.Fault {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			defer s.DropConnections()
			f(w, r, next)
		}
	}
	faults := map[string]siteFault{
		"none":                        {fault: func(w http.ResponseWriter, r *http.Request, next http.Handler) { next.ServeHTTP(w, r) }},
		"drop/before":                 {fault: batchtest.DropBefore()},
		"drop/after":                  {fault: batchtest.DropAfter()},
		"drop/line 0":                 {fault: batchtest.Drop(0)},
		"drop/line 2":                 {fault: batchtest.Drop(2), ops: results},
		"drop/byte 20":                {fault: batchtest.DropBytes(20)},
		"drop/byte 700":               {fault: batchtest.DropBytes(700)},
		"drop/behind the end":         {fault: batchtest.DropBytes(1 << 20)},
		"drop/behind the service":     {fault: batchtest.ThenDrop(batchtest.Fail(529, "overloaded_error", "Busy.")), refuses: true},
		"drop/all connections before": {fault: dropAll(batchtest.DropBefore())},
		"drop/all connections after":  {fault: dropAll(batchtest.DropAfter())},
		"truncate/line 0":             {fault: batchtest.Truncate(0)},
		"truncate/line 2":             {fault: batchtest.Truncate(2), ops: results},
		"truncate/byte 0":             {fault: batchtest.TruncateBytes(0)},
		"truncate/byte 20":            {fault: batchtest.TruncateBytes(20)},
		"truncate/byte 700":           {fault: batchtest.TruncateBytes(700)},
		"line/corrupt":                {fault: batchtest.Corrupt(0), ops: documents},
		"line/duplicate":              {fault: batchtest.Duplicate(0), ops: documents},
		"line/lose":                   {fault: batchtest.Lose(0), ops: documents},
		"line/corrupt, then drop":     {fault: batchtest.ThenDrop(batchtest.Corrupt(1)), ops: results},
		"gateway/text":                {fault: batchtest.Gateway(2, text)},
		"gateway/text in place of it": {fault: batchtest.Gateway(0, text)},
		"gateway/error":               {fault: batchtest.Gateway(2, `{"error":{"type":"bad_gateway","message":"Oops."}}`)},
		"gateway/error of the API":    {fault: batchtest.Gateway(2, `{"type":"error","error":{"type":"api_error","message":"Oops."}}`), ops: results},
		"gateway/last line":           {fault: batchtest.Gateway(siteSize-1, text), ops: results},
		"gateway/edge":                {fault: batchtest.EdgeForbidden()},
		"insert/text":                 {fault: batchtest.Insert(1, text)},
		"insert/object":               {fault: batchtest.Insert(0, "{}"), ops: results},
		"insert/error of a line":      {fault: batchtest.Insert(2, `{"custom_id":"r1","type":"error","error":{"type":"api_error","message":"?"}}`), ops: results},
		"rewrite/nothing":             {fault: batchtest.Rewrite(func([]byte) []byte { return nil })},
		"rewrite/null":                {fault: batchtest.Rewrite(func([]byte) []byte { return []byte("null") })},
		"delay/before":                {fault: batchtest.DelayBefore(2 * time.Minute), slow: true},
		"delay/after":                 {fault: batchtest.DelayAfter(2 * time.Minute), slow: true},
		"delay/for ever":              {fault: batchtest.DelayAfter(24 * time.Hour), slow: true},
		"delay/stall":                 {fault: batchtest.Stall(100, 24*time.Hour), slow: true},
		"delay/short":                 {fault: batchtest.DelayAfter(time.Millisecond)},
		"delay/slow":                  {fault: batchtest.Slow(400, time.Millisecond)},
		"act/late":                    {fault: batchtest.ActLate(2 * time.Minute), slow: true},
		"act/late, dropped":           {fault: batchtest.DropThenAct(2 * time.Minute), slow: true},
		"act/behind a gateway":        {fault: batchtest.ActThen(batchtest.Status(502, "<html>Bad gateway</html>"))},
		"act/behind 529":              {fault: batchtest.ActThen(batchtest.Status(529, "<html>Busy</html>"))},
		"gateway/413":                 {fault: batchtest.EdgeTooLarge()},
		"gateway/clock":               {fault: batchtest.OtherClock(-3 * time.Hour)},
		"hidden/from all":             {fault: batchtest.NotFoundFor(time.Minute), slow: true},
		"hidden/from list":            {fault: batchtest.OmitFor(time.Minute), ops: []batchtest.Op{batchtest.Create}, slow: true},
		"named/lost":                  {fault: batchtest.Named("lost")},
		"another batch":               {fault: batchtest.OtherID(otherID), ops: ids, once: true},
		"another batch, always":       {fault: batchtest.OtherID(otherID), ops: []batchtest.Op{batchtest.Get}},
	}
	for _, f := range []struct {
		code    int
		kind    string
		headers []string
		refuses bool
	}{
		{400, "invalid_request_error", nil, false},
		{401, "authentication_error", nil, false},
		{402, "billing_error", nil, false},
		{403, "permission_error", nil, false},
		{404, "not_found_error", nil, false},
		{408, "timeout_error", nil, false},
		{409, "conflict_error", nil, false},
		{413, "request_too_large", nil, false},
		{429, "rate_limit_error", nil, false},
		{429, "rate_limit_error", []string{"retry-after-ms", "1"}, true},
		{500, "api_error", nil, false},
		{503, "api_error", nil, true},
		{503, "timeout_error", nil, false},
		{504, "timeout_error", nil, false},
		{529, "overloaded_error", nil, true},
		{529, "api_error", nil, false},
		{529, "overloaded_error", []string{"x-should-retry", "false"}, false},
		{500, "api_error", []string{"x-should-retry", "true"}, false},
	} {
		faults[fmt.Sprint("api/", f.code, " ", f.kind, f.headers)] = siteFault{fault: batchtest.Fail(f.code, f.kind, "No.", f.headers...), refuses: f.refuses}
	}
	for _, code := range []int{200, 202, 204, 400, 401, 403, 404, 405, 407, 408, 413, 429, 451, 500, 502, 503, 504, 529} {
		body := "<html>Who are you?</html>"
		if code == 204 {
			body = ""
		}
		faults[fmt.Sprint("page/", code)] = siteFault{fault: batchtest.Status(code, body)}
	}
	for _, code := range []int{301, 302, 303, 307, 308} {
		faults[fmt.Sprint("redirect/", code)] = siteFault{fault: batchtest.Redirect(code, "https://example.com/v1/messages/batches")}
	}
	faults["redirect/nowhere"] = siteFault{fault: batchtest.Redirect(307, "http://[::1")}
	for _, p := range [][2]string{
		{"id", ""}, {"id", "null"}, {"id", "7"}, {"type", ""}, {"type", `"batch"`}, {"created_at", `"2026-11-20T10:00:00"`},
		{"expires_at", `"soon"`}, {"ended_at", `""`}, {"processing_status", "5"}, {"processing_status", `"new"`},
		{"request_counts", ""}, {"request_counts", `{"succeeded":"5"}`}, {"Request_Counts", `{"succeeded":1}`}, {"ID", `"msgbatch_0"`}, {"x", "{"},
	} {
		faults[fmt.Sprint("malformed/", p[0], " ", p[1])] = siteFault{fault: batchtest.Malformed(p[0], p[1]), ops: batches}
	}
	for _, p := range [][2]string{{"data", ""}, {"data", "null"}, {"data", "{"}, {"Data", "[]"}, {"has_more", `"no"`}, {"Has_More", "true"}} {
		faults[fmt.Sprint("malformed/", p[0], " ", p[1])] = siteFault{fault: batchtest.Malformed(p[0], p[1]), ops: []batchtest.Op{batchtest.List}}
	}
	return faults
}

// meets reports whether a fault applies to an operation.
func (f siteFault) meets(op batchtest.Op) bool { return f.ops == nil || slices.Contains(f.ops, op) }
