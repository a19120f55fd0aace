package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// TestResultsAreNeverLost reads the results of 20 requests through each fault.
func TestResultsAreNeverLost(t *testing.T) {
	t.Parallel()
	const n = 20
	replace := func(old, new string) batchtest.Fault {
		return batchtest.Rewrite(func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }, false)
	}
	for name, tt := range map[string]struct {
		faults     []batchtest.Fault
		items      int // different ones
		lineErrors int
		last       func(error) bool // of the error that ends the results
	}{
		"fine":                  {nil, n, 0, nil},
		"cut between lines":     {[]batchtest.Fault{batchtest.CutLines(7, false)}, n, 0, nil},
		"cut cleanly":           {[]batchtest.Fault{batchtest.CutLines(7, true)}, n, 0, nil},
		"cut inside a line":     {[]batchtest.Fault{batchtest.Cut(1500, false)}, n, 0, nil},
		"cut cleanly in a line": {[]batchtest.Fault{batchtest.Cut(1500, true)}, n, 0, nil},
		"cut again and again":   {[]batchtest.Fault{batchtest.CutLines(3, false), batchtest.CutLines(5, true), batchtest.Cut(3000, false), batchtest.CutLines(19, false)}, n, 0, nil},
		"cut before the answer": {[]batchtest.Fault{batchtest.DropBefore(), batchtest.DropAfter()}, n, 0, nil},
		"overloaded in between": {[]batchtest.Fault{batchtest.CutLines(7, false), batchtest.Fail(529, "overloaded_error", "Busy.")}, n, 0, nil},
		"stalled":               {[]batchtest.Fault{batchtest.Stall(2000, 24*time.Hour)}, n, 0, nil},
		"always short":          {batchtest.Times(2, batchtest.CutLines(15, true)), 15, 0, isIncomplete(15, n)},
		"gone in between":       {[]batchtest.Fault{batchtest.CutLines(7, false), batchtest.Fail(404, "not_found_error", "Gone.")}, 7, 0, func(err error) bool { return isIncomplete(7, n)(err) && errors.Is(err, client.ErrNotFound) }},
		"not allowed":           {[]batchtest.Fault{batchtest.Fail(403, "permission_error", "No.")}, 0, 0, func(err error) bool { return errors.Is(err, client.ErrPermission) }},
		"blank lines and CRLF":  {[]batchtest.Fault{batchtest.Rewrite(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n\r\n \n")) }, false)}, n, 0, nil},
		"byte order mark":       {[]batchtest.Fault{batchtest.Rewrite(func(b []byte) []byte { return append([]byte("\ufeff"), b...) }, false)}, n, 0, nil},
		"no last line break":    {[]batchtest.Fault{batchtest.Rewrite(bytes.TrimSpace, false)}, n, 0, nil},
		"bad line":              {[]batchtest.Fault{replace(`{"custom_id"`, `{"custom_id`)}, n - 1, 1, nil},
		"line without id":       {[]batchtest.Fault{replace(`"custom_id":"r`, `"custom":"r`)}, n - 1, 1, nil},
		"line with null result": {[]batchtest.Fault{replace(`"result":{`, `"result":null,"x":{`)}, n - 1, 1, nil},
		"line with null":        {[]batchtest.Fault{batchtest.Rewrite(func(b []byte) []byte { return append([]byte("null\n"), b...) }, false)}, n, 1, nil},
		"line too many":         {[]batchtest.Fault{batchtest.Rewrite(func(b []byte) []byte { return append([]byte("{}\n"), b...) }, false)}, n, 1, nil},
		"line without result":   {[]batchtest.Fault{replace(`"result":`, `"no_result":`)}, n - 1, 1, nil},
		"duplicate line": {[]batchtest.Fault{batchtest.Rewrite(func(b []byte) []byte {
			line, _, _ := bytes.Cut(b, []byte("\n"))
			return append(append(b, line...), '\n')
		}, false)}, n, 1, nil},
		"odd field":              {[]batchtest.Fault{replace(`"output_tokens":`, `"output_tokens":"?","x":`)}, n, 1, nil},
		"200 with an error":      {[]batchtest.Fault{batchtest.Status(200, `{"type":"error","error":{"type":"not_found_error","message":"Gone."}}`)}, 0, 0, func(err error) bool { return errors.Is(err, client.ErrNotFound) }},
		"200 with a web page":    {[]batchtest.Fault{batchtest.Status(200, "<html></html>")}, n, 0, nil},
		"200 with web pages":     {batchtest.Times(5, batchtest.Status(200, "<html></html>")), 0, 0, func(err error) bool { return errors.As(err, new(*client.APIError)) }},
		"bad line, then cut":     {[]batchtest.Fault{badLineThenCut, replace(`{"custom_id"`, `{"custom_id`)}, n - 1, 1, nil},
		"unknown type of result": {[]batchtest.Fault{replace(`"type":"succeeded"`, `"type":"postponed"`)}, n, 0, nil},
		"longer than is allowed": {[]batchtest.Fault{replace(`"You said`, `"`+strings.Repeat("x", 1<<20)+`You said`)}, n - 1, 1, nil},
		"as long as is allowed":  {[]batchtest.Fault{replace(`"You said`, `"`+strings.Repeat("x", 1<<19)+`You said`)}, n, 0, nil},
		"surrogate and float": {[]batchtest.Fault{batchtest.Rewrite(func(b []byte) []byte {
			return bytes.ReplaceAll(bytes.Replace(b, []byte(`"You said`), []byte(`"\ud83d You said`), 1), []byte(`"output_tokens":8`), []byte(`"output_tokens":8.0`))
		}, false)}, n, 0, nil},
		"invalid UTF-8": {[]batchtest.Fault{replace(`"You said`, "\"\xffYou said")}, n, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t, batchtest.WithDuration(0))
				c := newClient(t, s)
				batch := create(t, c, n)
				s.Inject(batchtest.Results, tt.faults...)
				seen := make(map[string]bool)
				lineErrors := 0
				var last error
				for item, err := range c.Results(t.Context(), batch.ID, client.WithMaxLine(600_000)) {
					if last != nil {
						t.Errorf("something follows the last error %v", last)
					}
					var lineErr *client.LineError
					if errors.As(err, &lineErr) {
						lineErrors++
						if lineErr.Line == 0 || len(lineErr.Raw) == 0 && !strings.Contains(err.Error(), "longer than") {
							t.Errorf("got %+v", lineErr)
						}
						if item != nil {
							seen[item.CustomID] = true
						}
						continue
					}
					if err != nil {
						last = err
						continue
					}
					if seen[item.CustomID] {
						t.Errorf("%s comes twice", item.CustomID)
					}
					seen[item.CustomID] = true
					if len(item.Raw) == 0 || item.Result == nil {
						t.Errorf("got %+v", item)
					}
				}
				if len(seen) != tt.items || lineErrors != tt.lineErrors {
					t.Errorf("%d items and %d line errors, want %d and %d", len(seen), lineErrors, tt.items, tt.lineErrors)
				}
				if tt.last == nil && last != nil || tt.last != nil && !tt.last(last) {
					t.Errorf("results end with %v", last)
				}
			})
		})
	}
}

func badLineThenCut(w http.ResponseWriter, r *http.Request, next http.Handler) {
	batchtest.Rewrite(func(b []byte) []byte {
		b = bytes.Replace(b, []byte(`{"custom_id"`), []byte(`{"custom_id`), 1)
		return b[:2000]
	}, true)(w, r, next)
}

func isIncomplete(got, want int64) func(error) bool {
	return func(err error) bool {
		var incomplete *client.IncompleteError
		return errors.As(err, &incomplete) && incomplete.Got.Succeeded == got && incomplete.Want.Succeeded == want
	}
}

func TestResultsLeftEarly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // the bubble fails if a goroutine stays
		s := batchtest.New(t, batchtest.WithDuration(0))
		c := newClient(t, s)
		batch := create(t, c, 1000)
		n := 0
		for range c.Results(t.Context(), batch.ID) {
			if n++; n == 3 {
				break
			}
		}
		results := c.Results(t.Context(), batch.ID)
		if len(s.Calls(batchtest.Results)) != 1 {
			t.Error("something was sent before the iteration began")
		}
		_ = results
	})
}

func TestResultsUnknownIsKept(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	s.Answer("r0", batchtest.Raw(`{"type":"postponed","until":{"b":1,"a":2}}`))
	s.Answer("r1", batchtest.Message(gen.BetaMessage{Content: []gen.BetaContentBlock{&gen.Unknown{Raw: []byte(`{"type":"hologram","size":12345678901234567890}`)}}}))
	s.Answer("r2", batchtest.Errored(&gen.Unknown{Raw: []byte(`{"type":"melted","message":"Hot."}`)}))
	c := newClient(t, s)
	batch := create(t, c, 3)
	for item, err := range c.Results(t.Context(), batch.ID) {
		if err != nil {
			t.Fatal(err)
		}
		switch item.CustomID {
		case "r0":
			u, ok := item.Result.(*gen.Unknown)
			if !ok || u.Type != "postponed" || string(u.Raw) != `{"type":"postponed","until":{"b":1,"a":2}}` {
				t.Errorf("got %#v", item.Result)
			}
			if err := item.Err(); err == nil || !strings.Contains(err.Error(), `"postponed"`) {
				t.Errorf("got %v", err)
			}
		case "r1":
			u, ok := item.Message().Content[0].(*gen.Unknown)
			if !ok || u.Type != "hologram" || !strings.Contains(string(u.Raw), "12345678901234567890") {
				t.Errorf("got %#v", item.Message().Content[0])
			}
		case "r2":
			var apiErr *client.APIError
			if !errors.As(item.Err(), &apiErr) || apiErr.Type != "melted" || apiErr.Message != "Hot." {
				t.Errorf("got %v", item.Err())
			}
		}
	}
}

// Results of a new type may have a count that is new as well: they must neither be missed nor make up for others.
func TestResultsOfANewTypeAreCounted(t *testing.T) {
	t.Parallel()
	for _, cut := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := batchtest.New(t, batchtest.WithDuration(0))
			s.Answer("r0", batchtest.Raw(`{"type":"postponed"}`))
			c := newClient(t, s)
			batch := create(t, c, 4)
			s.Inject(batchtest.Retrieve, batchtest.Rewrite(func(b []byte) []byte {
				return bytes.Replace(b, []byte(`"succeeded":4`), []byte(`"succeeded":3,"postponed":1,"odd":{"a":"b"}`), 1)
			}, false))
			if cut {
				drop := batchtest.Rewrite(func(b []byte) []byte {
					lines := bytes.SplitAfter(b, []byte("\n"))
					return bytes.Join(slices.DeleteFunc(lines, func(l []byte) bool { return bytes.Contains(l, []byte(`"r1"`)) }), nil)
				}, false)
				s.Inject(batchtest.Results, drop, drop)
			}
			n := 0
			var last error
			for item, err := range c.Results(t.Context(), batch.ID) {
				if item != nil {
					n++
				}
				last = err
			}
			if cut && (n != 3 || !errors.As(last, new(*client.IncompleteError))) || !cut && (n != 4 || last != nil) {
				t.Errorf("cut %v: %d results, %v", cut, n, last)
			}
		})
	}
}

func TestWaitSurvivesAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(20*time.Hour))
		c := newClient(t, s)
		batch := create(t, c, 1)
		var faults []batchtest.Fault
		for range 200 { // hours of it
			faults = append(faults, nil, batchtest.DropBefore(), batchtest.Status(502, "<html>"), batchtest.Fail(500, "api_error", "Oops."),
				batchtest.Fail(429, "rate_limit_error", "Slow.", "retry-after", "300"), batchtest.Status(200, "{}"))
		}
		s.Inject(batchtest.Retrieve, faults[:600]...)
		batch, err := c.Wait(t.Context(), batch.ID, client.WaitOptions{})
		if err != nil || !batch.Ended() {
			t.Errorf("got %+v, %v", batch, err)
		}
	})
}

func TestWaitEnds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault batchtest.Fault
		is    error
		took  time.Duration
	}{
		"by the deadline": {nil, context.DeadlineExceeded, time.Hour},
		"by 401":          {batchtest.Fail(401, "authentication_error", "Revoked."), client.ErrAuthentication, 6 * time.Second},
		"by 404":          {batchtest.Fail(404, "not_found_error", "Gone."), client.ErrNotFound, 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t, batchtest.WithDuration(2*time.Hour))
				c := newClient(t, s)
				batch := create(t, c, 1)
				s.Inject(batchtest.Retrieve, nil, tt.fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				began := time.Now()
				last, err := c.Wait(ctx, batch.ID, client.WaitOptions{})
				var waitErr *client.WaitError
				if !errors.As(err, &waitErr) || waitErr.BatchID != batch.ID || waitErr.Last == nil || last != waitErr.Last || !errors.Is(err, tt.is) {
					t.Errorf("got %v", err)
				}
				if want := fmt.Sprintf("wait for batch %s, last seen in_progress: ", batch.ID); !strings.HasPrefix(err.Error(), want) {
					t.Errorf("got %q", err)
				}
				if goesOn := strings.Contains(err.Error(), "the batch goes on"); goesOn != (tt.fault == nil) {
					t.Errorf("says that the batch goes on: %t", goesOn)
				}
				if took := time.Since(began); took > tt.took {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}
