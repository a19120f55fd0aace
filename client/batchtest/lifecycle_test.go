package batchtest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// status sends a call without a body and returns its status.
func status(t testing.TB, s *batchtest.Service, method, path string) int {
	t.Helper()
	resp := do(t, s, method, path, nil)
	read(t, resp)
	return resp.StatusCode
}

func TestLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Hour))
		began := time.Now()
		b := send[gen.BetaMessageBatch](t, s, "POST", "", body("a", "b", "c"))
		want := gen.BetaMessageBatch{
			ID: b.ID, ProcessingStatus: gen.BetaMessageBatchProcessingStatusInProgress,
			CreatedAt: began.UTC(), ExpiresAt: began.Add(24 * time.Hour).UTC(), RequestCounts: gen.BetaRequestCounts{Processing: 3},
		}
		check := func(when string) {
			t.Helper()
			if diff := cmp.Diff(want, send[gen.BetaMessageBatch](t, s, "GET", "/"+b.ID, nil)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		check("at the beginning")
		<-time.After(time.Hour - time.Nanosecond)
		check("just before the end")
		for call, want := range map[string]int{"GET /results": 404, "DELETE ": 400} {
			method, path, _ := strings.Cut(call, " ")
			if got := status(t, s, method, "/"+b.ID+path); got != want {
				t.Errorf("%s before the end: got %d, want %d", call, got, want)
			}
		}
		<-time.After(time.Nanosecond)
		want.ProcessingStatus = gen.BetaMessageBatchProcessingStatusEnded
		want.EndedAt = time.Now().UTC()
		want.RequestCounts = gen.BetaRequestCounts{Succeeded: 3}
		want.ResultsURL = s.URL() + "/v1/messages/batches/" + b.ID + "/results"
		check("at the end")
		if got := status(t, s, "POST", "/"+b.ID+"/cancel"); got != 400 {
			t.Errorf("cancel after the end: got %d", got)
		}
		if n := len(resultsOf(t, s, b.ID)); n != 3 {
			t.Errorf("%d results", n)
		}
		s.Advance(29*24*time.Hour - time.Hour - 1)
		check("just before the archive")
		s.Advance(1)
		want.ArchivedAt = began.Add(29 * 24 * time.Hour).UTC()
		check("in the archive")
		if got := status(t, s, "GET", "/"+b.ID+"/results"); got != 404 {
			t.Errorf("results in the archive: got %d", got)
		}
		deleted := do(t, s, "DELETE", "/"+b.ID, nil)
		if got, want := read(t, deleted), `{"type":"message_batch_deleted","id":"`+b.ID+"\"}\n"; got != want {
			t.Errorf("delete: got %s, want %s", got, want)
		}
		if got := status(t, s, "GET", "/"+b.ID); got != 404 || len(s.Batches()) != 0 {
			t.Errorf("after delete: got %d, %d batches", got, len(s.Batches()))
		}
	})
}

func TestCancelAndExpiry(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		duration time.Duration
		takes    map[string]time.Duration
		cancelAt time.Duration
		ended    time.Duration
		counts   gen.BetaRequestCounts
	}{
		"nothing left to cancel":  {time.Hour, map[string]time.Duration{"d": 0}, 50 * time.Minute, 50*time.Minute + time.Second, gen.BetaRequestCounts{Succeeded: 4}},
		"one left to cancel":      {time.Hour, nil, time.Hour - time.Millisecond, time.Hour, gen.BetaRequestCounts{Succeeded: 3, Canceled: 1}},
		"canceled at once":        {time.Hour, nil, 0, time.Second, gen.BetaRequestCounts{Canceled: 4}},
		"canceled half way":       {time.Hour, nil, 30 * time.Minute, 30*time.Minute + time.Second, gen.BetaRequestCounts{Succeeded: 2, Canceled: 2}},
		"expired half way":        {48 * time.Hour, nil, -1, 24 * time.Hour, gen.BetaRequestCounts{Succeeded: 2, Expired: 2}},
		"one never ends":          {time.Hour, map[string]time.Duration{"b": 1000 * time.Hour}, -1, 24 * time.Hour, gen.BetaRequestCounts{Succeeded: 3, Expired: 1}},
		"one is slow":             {time.Hour, map[string]time.Duration{"b": 2 * time.Hour}, -1, 2 * time.Hour, gen.BetaRequestCounts{Succeeded: 4}},
		"one is fast, others not": {time.Hour, map[string]time.Duration{"d": 0}, time.Second, 2 * time.Second, gen.BetaRequestCounts{Succeeded: 1, Canceled: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t, batchtest.WithDuration(tt.duration))
				for id, d := range tt.takes {
					s.Takes(id, d)
				}
				b := send[gen.BetaMessageBatch](t, s, "POST", "", body("a", "b", "c", "d"))
				if tt.cancelAt >= 0 {
					<-time.After(tt.cancelAt)
					for range 2 { // twice is once
						b = send[gen.BetaMessageBatch](t, s, "POST", "/"+b.ID+"/cancel", nil)
						if b.ProcessingStatus != gen.BetaMessageBatchProcessingStatusCanceling || b.RequestCounts.Processing != 4 || !b.CancelInitiatedAt.Equal(time.Now()) {
							t.Errorf("cancel returns %+v", b)
						}
					}
				}
				s.Advance(25 * time.Hour)
				b = send[gen.BetaMessageBatch](t, s, "GET", "/"+b.ID, nil)
				if b.RequestCounts != tt.counts || b.EndedAt.Sub(b.CreatedAt) != tt.ended {
					t.Errorf("got %+v, want counts %+v", b, tt.counts)
				}
				var counts gen.BetaRequestCounts
				for id, r := range resultsOf(t, s, b.ID) {
					switch r.(type) {
					case *gen.BetaMessageBatchSucceededResult:
						counts.Succeeded++
					case *gen.BetaMessageBatchCanceledResult:
						counts.Canceled++
					case *gen.BetaMessageBatchExpiredResult:
						counts.Expired++
					default:
						t.Errorf("%s: got %T", id, r)
					}
				}
				if counts != tt.counts {
					t.Errorf("got results %+v, want %+v", counts, tt.counts)
				}
			})
		})
	}
}

func TestResultsComeInAnotherOrder(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0))
	for n := 2; n < 10; n++ {
		var ids []string
		for i := range n {
			ids = append(ids, fmt.Sprint(i))
		}
		b := send[gen.BetaMessageBatch](t, s, "POST", "", body(ids...))
		path := "/" + b.ID + "/results"
		first := read(t, do(t, s, "GET", path, nil))
		if again := read(t, do(t, s, "GET", path, nil)); again != first {
			t.Error("the order changes between two calls")
		}
		for i, line := range slices.Collect(strings.Lines(first)) {
			if strings.HasPrefix(line, fmt.Sprintf(`{"custom_id":"%d"`, i)) {
				t.Errorf("result %d of %d comes in the place of its request", i, n)
			}
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	ids := make([]string, 22)
	for i := range ids {
		ids[len(ids)-1-i] = send[gen.BetaMessageBatch](t, s, "POST", "", body("r")).ID
	}
	for query, tt := range map[string]struct {
		from, to int
		more     bool
	}{
		"":                                       {0, 20, true},
		"?limit=22":                              {0, 22, false},
		"?limit=21":                              {0, 21, true},
		"?limit=1000":                            {0, 22, false},
		"?after_id=" + ids[1]:                    {2, 22, false},
		"?limit=3&after_id=" + ids[1]:            {2, 5, true},
		"?limit=3&after_id=" + ids[18]:           {19, 22, false},
		"?after_id=" + ids[21]:                   {22, 22, false},
		"?limit=3&before_id=" + ids[10]:          {7, 10, true},
		"?limit=3&before_id=" + ids[3]:           {0, 3, false},
		"?limit=3&before_id=" + ids[2]:           {0, 2, false},
		"?before_id=" + ids[0]:                   {0, 0, false},
		"?before_id=&after_id=&limit=1":          {0, 1, true},
		"?beta=true&limit=1&before_id=" + ids[1]: {0, 1, false},
	} {
		page := send[gen.BetaMessageBatchPage](t, s, "GET", query, nil)
		var got []string
		for _, b := range page.Data {
			got = append(got, b.ID)
		}
		want := ids[tt.from:tt.to]
		first, last := "", ""
		if len(want) > 0 {
			first, last = want[0], want[len(want)-1]
		}
		if !slices.Equal(got, want) || page.HasMore != tt.more || page.FirstID != first || page.LastID != last {
			t.Errorf("%s: got %v, more %v, %q to %q; want %v", query, got, page.HasMore, page.FirstID, page.LastID, want)
		}
	}
}
