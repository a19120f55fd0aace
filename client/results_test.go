package client_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestResultsAreNeverLost reads the results of 20 requests through each fault.
func TestResultsAreNeverLost(t *testing.T) {
	t.Parallel()
	const n = 20
	replace := func(old, new string) batchtest.Fault {
		return batchtest.Rewrite(func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) })
	}
	for name, tt := range map[string]struct {
		faults  []batchtest.Fault
		items   int // distinct results
		damaged int
		last    func(error) bool // of the error that ends the results
	}{
		"fine":                        {nil, n, 0, nil},
		"cut between lines":           {[]batchtest.Fault{batchtest.Drop(7)}, n, 0, nil},
		"cut cleanly":                 {[]batchtest.Fault{batchtest.Truncate(7)}, n, 0, nil},
		"cut inside a line":           {[]batchtest.Fault{batchtest.DropBytes(1500)}, n, 0, nil},
		"cut cleanly in a line":       {[]batchtest.Fault{batchtest.TruncateBytes(1500)}, n, 0, nil},
		"cut again and again":         {[]batchtest.Fault{batchtest.Drop(3), batchtest.Truncate(5), batchtest.DropBytes(3000), batchtest.Drop(19)}, n, 0, nil},
		"dropped before the response": {[]batchtest.Fault{batchtest.DropBefore(), batchtest.DropAfter()}, n, 0, nil},
		"overloaded in between":       {[]batchtest.Fault{batchtest.Drop(7), batchtest.Fail(529, "overloaded_error", "Busy.")}, n, 0, nil},
		"stalled":                     {[]batchtest.Fault{batchtest.Stall(2000, 24*time.Hour)}, n, 0, nil},
		"always short":                {batchtest.Times(2, batchtest.Truncate(15)), 15, 0, isIncomplete(15, n)},
		"gone in between":             {[]batchtest.Fault{batchtest.Drop(7), batchtest.Fail(404, "not_found_error", "Gone.")}, n, 0, nil},
		"not allowed":                 {[]batchtest.Fault{batchtest.Fail(403, "permission_error", "No.")}, 0, 0, func(err error) bool { return errors.Is(err, client.ErrPermission) }},
		"blank lines and CRLF":        {[]batchtest.Fault{batchtest.Rewrite(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n\r\n \n")) })}, n, 0, nil},
		"byte order mark":             {[]batchtest.Fault{batchtest.Rewrite(func(b []byte) []byte { return append([]byte("\ufeff"), b...) })}, n, 0, nil},
		"no last line break":          {[]batchtest.Fault{batchtest.Rewrite(bytes.TrimSpace)}, n, 0, nil},
		"bad line":                    {[]batchtest.Fault{replace(`{"custom_id"`, `{"custom_id`)}, n, 1, nil},
		"bad line, always":            {batchtest.Times(2, replace(`{"custom_id"`, `{"custom_id`)), n - 1, 1, isIncomplete(n-1, n)},
		"line without id":             {[]batchtest.Fault{replace(`"custom_id":"r`, `"custom":"r`)}, n, 1, nil},
		"other case of id":            {batchtest.Times(2, replace(`"custom_id":"r`, `"Custom_ID":"r`)), n - 1, 1, isIncomplete(n-1, n)},
		"line with null result":       {[]batchtest.Fault{replace(`"result":{`, `"result":null,"x":{`)}, n, 0, nil},
		"null results, always":        {batchtest.Times(2, replace(`"result":{`, `"result":null,"x":{`)), n - 1, 1, isIncomplete(n-1, n)},
		"line with null":              {[]batchtest.Fault{batchtest.Rewrite(func(b []byte) []byte { return append([]byte("null\n"), b...) })}, n, 1, nil},
		"line too many":               {[]batchtest.Fault{batchtest.Rewrite(func(b []byte) []byte { return append([]byte("{}\n"), b...) })}, n, 1, nil},
		"line without result":         {[]batchtest.Fault{replace(`"result":`, `"no_result":`)}, n, 0, nil},
		"error of one line":           {batchtest.Times(2, replace(`"result":`, `"type":"error","error":{"type":"api_error","message":"?"},"x":`)), n - 1, 1, isIncomplete(n-1, n)},
		"line of a gateway":           {[]batchtest.Fault{gatewayLine("upstream error\n")}, n, 1, nil},
		"line of a gateway, 2":        {batchtest.Times(2, gatewayLine("upstream error\n")), n - 1, 1, isIncomplete(n-1, n)},
		"error of a gateway":          {[]batchtest.Fault{gatewayLine(`{"error":{"type":"bad_gateway","message":"?"}}` + "\n")}, n, 1, nil},
		"error of the API":            {[]batchtest.Fault{gatewayLine(`{"type":"error","error":{"type":"api_error","message":"?"}}` + "\n")}, n, 0, nil},
		"duplicate line": {[]batchtest.Fault{batchtest.Rewrite(func(b []byte) []byte {
			line, _, _ := bytes.Cut(b, []byte("\n"))
			return append(append(b, line...), '\n')
		})}, n, 1, nil},
		"malformed field":        {[]batchtest.Fault{replace(`"output_tokens":`, `"output_tokens":"?","x":`)}, n, 1, nil},
		"200 with a 404":         {[]batchtest.Fault{batchtest.Status(200, `{"type":"error","error":{"type":"not_found_error","message":"Gone."}}`)}, n, 0, nil},
		"200 with an error":      {[]batchtest.Fault{batchtest.Status(200, `{"type":"error","error":{"type":"permission_error","message":"No."}}`)}, 0, 0, func(err error) bool { return errors.Is(err, client.ErrPermission) }},
		"200 with a web page":    {[]batchtest.Fault{batchtest.Status(200, "<html></html>")}, n, 0, nil},
		"200 with web pages":     {batchtest.Times(5, batchtest.Status(200, "<html></html>")), 0, 0, func(err error) bool { return errors.As(err, new(*client.APIError)) }},
		"bad line, then cut":     {[]batchtest.Fault{badLineThenCut, replace(`{"custom_id"`, `{"custom_id`)}, n, 1, nil},
		"unknown type of result": {[]batchtest.Fault{replace(`"type":"succeeded"`, `"type":"postponed"`)}, n, 0, nil},
		"longer than is allowed": {[]batchtest.Fault{replace(`"You said`, `"`+strings.Repeat("x", 1<<20)+`You said`)}, n, 1, nil},
		"longer, always":         {batchtest.Times(2, replace(`"You said`, `"`+strings.Repeat("x", 1<<20)+`You said`)), n - 1, 1, isIncomplete(n-1, n)},
		"as long as is allowed":  {[]batchtest.Fault{replace(`"You said`, `"`+strings.Repeat("x", 1<<19)+`You said`)}, n, 0, nil},
		"surrogate and float": {[]batchtest.Fault{batchtest.Rewrite(func(b []byte) []byte {
			return bytes.ReplaceAll(bytes.Replace(b, []byte(`"You said`), []byte(`"\ud83d You said`), 1), []byte(`"output_tokens":8`), []byte(`"output_tokens":8.0`))
		})}, n, 0, nil},
		"invalid UTF-8": {[]batchtest.Fault{replace(`"You said`, "\"\xffYou said")}, n, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t, batchtest.WithDuration(0))
				c := s.Client()
				batch := create(t, c, n)
				s.Inject(batchtest.Results, tt.faults...)
				seen := make(map[string]bool)
				damaged := 0
				var last error
				for item, err := range c.Results(t.Context(), batch.ID, client.WithMaxLineBytes(600_000)) {
					if last != nil {
						t.Errorf("something follows the last error %v", last)
					}
					if err != nil {
						if last = err; item != nil {
							t.Errorf("got %+v together with %v", item, err)
						}
						continue
					}
					var lineErr *client.LineError
					if errors.As(item.Err(), &lineErr) {
						damaged++
						if lineErr.Line == 0 || lineErr.CustomID != item.CustomID || len(item.Raw) == 0 && !strings.Contains(lineErr.Error(), "longer than") {
							t.Errorf("got %+v", lineErr)
						}
						if item.Result != nil && item.CustomID != "" {
							seen[item.CustomID] = true
						}
						continue
					}
					if seen[item.CustomID] {
						t.Errorf("%s was yielded twice", item.CustomID)
					}
					seen[item.CustomID] = true
					if len(item.Raw) == 0 || item.Result == nil {
						t.Errorf("got %+v", item)
					}
				}
				if len(seen) != tt.items || damaged != tt.damaged {
					t.Errorf("%d results and %d damaged lines, want %d and %d", len(seen), damaged, tt.items, tt.damaged)
				}
				if tt.last == nil && last != nil || tt.last != nil && !tt.last(last) {
					t.Errorf("results end with %v", last)
				}
			})
		})
	}
}

// gatewayLine puts the line of a gateway in place of the last one, and then ends the stream as if it were whole.
func gatewayLine(line string) batchtest.Fault {
	return batchtest.Rewrite(func(b []byte) []byte {
		end := bytes.LastIndexByte(b[:len(b)-1], '\n') + 1
		return append(b[:end:end], line...)
	})
}

func badLineThenCut(w http.ResponseWriter, r *http.Request, next http.Handler) {
	batchtest.ThenDrop(batchtest.Rewrite(func(b []byte) []byte {
		b = bytes.Replace(b, []byte(`{"custom_id"`), []byte(`{"custom_id`), 1)
		return b[:2000]
	}))(w, r, next)
}

func isIncomplete(got, want int64) func(error) bool {
	return func(err error) bool {
		var incomplete *client.IncompleteError
		return errors.As(err, &incomplete) && incomplete.Got.Succeeded == got && incomplete.Want.Succeeded == want
	}
}
