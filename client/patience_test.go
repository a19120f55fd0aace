package client_test

import (
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestCreateOutlastsRefusals makes the service refuse creates for some time.
func TestCreateOutlastsRefusals(t *testing.T) {
	t.Parallel()
	overloaded := batchtest.Fail(529, "overloaded_error", "Busy.")
	down := batchtest.Fail(503, "api_error", "Down.")
	limited := batchtest.Fail(429, "rate_limit_error", "Slow down.", "retry-after", "90")
	hour := batchtest.Fail(429, "rate_limit_error", "Slow down.", "retry-after", "3600")
	spent := batchtest.Fail(429, "rate_limit_error", "No money.")
	early := func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		unread := r.Clone(r.Context())
		unread.Body = io.NopCloser(strings.NewReader(""))
		overloaded(w, unread, next)
	}
	lost := batchtest.DropBefore()
	page := batchtest.Status(503, "<html>")
	const m, s = time.Minute, time.Second
	for name, tt := range map[string]struct {
		fault    batchtest.Fault
		lasts    time.Duration
		then     batchtest.Fault
		retry    client.Retry
		least    time.Duration // duration of the call
		most     time.Duration
		attempts int    // 0: any number
		want     string // in the error; empty if a batch is created
	}{
		"default/529 for 5 s":          {fault: overloaded, lasts: 5 * s, least: 5 * s, most: 20 * s},
		"default/529 for 9 min":        {fault: overloaded, lasts: 9 * m, least: 9 * m, most: 10 * m},
		"default/529 before the body":  {fault: early, lasts: 9 * m, least: 9 * m, most: 10 * m},
		"default/503 for 9 min":        {fault: down, lasts: 9 * m, least: 9 * m, most: 10 * m},
		"default/429 for 7 min":        {fault: limited, lasts: 7 * m, least: 7 * m, most: 10 * m},
		"default/529 for ever":         {fault: overloaded, least: 9 * m, most: 10 * m, want: "529 overloaded_error"},
		"default/429 for ever":         {fault: limited, least: 7 * m, most: 10 * m, want: "retry after 1m30s"},
		"default/429 with a long wait": {fault: hour, attempts: 1, want: "retry after 1h0m0s"},
		"default/429 of a spend limit": {fault: spent, attempts: 1, want: "No money."},
		"default/lost":                 {fault: lost, attempts: 1, want: "may or may not"},
		"default/page":                 {fault: page, attempts: 1, want: "may or may not"},
		"default/529, then lost":       {fault: overloaded, lasts: 5 * m, then: lost, least: 5 * m, most: 7 * m, want: "may or may not"},
		"default/529, then 400":        {fault: overloaded, lasts: 5 * m, then: batchtest.Fail(400, "invalid_request_error", "No."), least: 5 * m, most: 7 * m, want: "400"},
		"set/five attempts":            {fault: overloaded, retry: client.Retry{MaxAttempts: 5}, attempts: 5, least: 3 * s, most: 8 * s, want: "after 5 attempts"},
		"set/one attempt":              {fault: overloaded, retry: client.Retry{MaxAttempts: 1}, attempts: 1, want: "529"},
		"set/many attempts":            {fault: overloaded, retry: client.Retry{MaxAttempts: 1000}, least: 9 * m, most: 10 * m, want: "529"},
		"set/an hour":                  {fault: overloaded, lasts: 59 * m, retry: client.Retry{MaxElapsed: time.Hour}, least: 59 * m, most: time.Hour},
		"set/three seconds":            {fault: overloaded, retry: client.Retry{MaxElapsed: 3 * s}, least: s / 2, most: 3 * s, want: "529"},
		"set/too short for a retry":    {fault: overloaded, retry: client.Retry{MaxElapsed: 1}, attempts: 1, want: "529"},
		"set/longest waits":            {fault: overloaded, retry: client.Retry{MinDelay: math.MaxInt64, MaxDelay: math.MaxInt64}, attempts: 1, want: "529"},
		"set/lost":                     {fault: lost, retry: client.Retry{MaxElapsed: time.Hour}, attempts: 1, want: "may or may not"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := batchtest.Start() // which allows unused faults
				defer service.Close()
				c, began := service.Client(), time.Now()
				service.Inject(batchtest.Create, batchtest.Times(10_000, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					switch {
					case tt.lasts == 0 || time.Since(began) < tt.lasts:
						tt.fault(w, r, next)
					case tt.then != nil:
						tt.then(w, r, next)
					default:
						next.ServeHTTP(w, r)
					}
				})...)
				_, err := c.Create(t.Context(), requests(1000), client.WithRetry(tt.retry))
				if took := time.Since(began); took < tt.least || took > tt.most {
					t.Errorf("took %v, want %v to %v", took, tt.least, tt.most)
				}
				if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				if n := len(service.Calls(batchtest.Create)); tt.attempts > 0 && n != tt.attempts {
					t.Errorf("%d attempts, want %d", n, tt.attempts)
				}
				if n := len(service.Batches()); (n == 1) != (err == nil) || n > 1 {
					t.Errorf("%d batches and %v", n, err)
				}
			})
		})
	}
}

// TestMaxElapsed ends the retries of calls that are not creates, whose number MaxAttempts limits by default.
func TestMaxElapsed(t *testing.T) {
	t.Parallel()
	overloaded := batchtest.Fail(529, "overloaded_error", "Busy.")
	for name, tt := range map[string]struct {
		retry       client.Retry
		least, most time.Duration
	}{
		"neither":      {client.Retry{}, 3 * time.Second, 8 * time.Second},
		"few attempts": {client.Retry{MaxAttempts: 2, MaxElapsed: time.Hour}, 250 * time.Millisecond, time.Second},
		"little time":  {client.Retry{MaxAttempts: 1000, MaxElapsed: 20 * time.Minute}, 19 * time.Minute, 20 * time.Minute},
	} {
		for call, run := range map[string]struct {
			op  batchtest.Op
			run func(t *testing.T, c *client.Client, id string) error
		}{
			"get": {batchtest.Get, func(t *testing.T, c *client.Client, id string) error {
				return second(c.Get(t.Context(), id, client.WithRetry(tt.retry)))
			}},
			"results": {batchtest.Results, func(t *testing.T, c *client.Client, id string) error {
				_, _, err := collect(t, c.Results(t.Context(), id, client.WithRetry(tt.retry)))
				return err
			}},
		} {
			t.Run(name+"/"+call, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := batchtest.Start(batchtest.WithDuration(0))
					defer s.Close()
					c := s.Client()
					batch := create(t, c, 1)
					s.Inject(run.op, batchtest.Times(10_000, overloaded)...)
					began := time.Now()
					if err := run.run(t, c, batch.ID); err == nil || !strings.Contains(err.Error(), "529") {
						t.Errorf("got %v", err)
					}
					if took := time.Since(began); took < tt.least || took > tt.most {
						t.Errorf("took %v, want %v to %v", took, tt.least, tt.most)
					}
				})
			})
		}
	}
}
