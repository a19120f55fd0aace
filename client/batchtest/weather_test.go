package batchtest_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

func TestDateOffset(t *testing.T) {
	t.Parallel()
	for where, s := range everywhere(t, batchtest.WithDateOffset(-time.Hour)) {
		s.Advance(48 * time.Hour)
		s.Inject(batchtest.Create, nil, batchtest.Status(502, "<html>"), batchtest.Status(502, "<html>", "date", ""))
		resp := s.do(t, "POST", "", body("r"))
		read(t, resp)
		created := s.Batches()[0].CreatedAt
		date, err := http.ParseTime(resp.Header.Get("date"))
		if off := created.Sub(date); err != nil || off < time.Hour-time.Minute || off > time.Hour+time.Minute {
			t.Errorf("%s: Date is %v, %v; created_at is %v", where, date, err, created)
		}
		if ahead := time.Until(created); ahead < 47*time.Hour || ahead > 48*time.Hour {
			t.Errorf("%s: created_at is %v from now", where, ahead)
		}
		for _, call := range []string{"POST ", "GET /b/nothing"} { // a proxy's, and a path that is not there
			method, path, _ := strings.Cut(call, " ")
			resp := s.do(t, method, path, nil)
			read(t, resp)
			if got, _ := http.ParseTime(resp.Header.Get("date")); created.Sub(got).Round(time.Minute) != time.Hour {
				t.Errorf("%s: Date of %s is %v", where, call, got)
			}
		}
		resp = s.do(t, "POST", "", nil)
		read(t, resp)
		if date := resp.Header["Date"]; len(date) > 0 {
			t.Errorf("%s: a removed Date is %q", where, date)
		}
	}
}

// TestLags checks when a batch is found, and when it is listed.
func TestLags(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(0), batchtest.WithGetLag(time.Minute), batchtest.WithListLag(time.Hour))
		seeded := s.Seed(1, time.Now().Add(-time.Hour)).ID
		id := send[gen.BetaMessageBatch](t, s, "POST", "", body("r")).ID
		check := func(when string, found bool, listed ...string) {
			t.Helper()
			for call, want := range map[string]int{"GET ": 200, "GET /results": 200, "POST /cancel": 400, "DELETE ": 0} {
				method, path, _ := strings.Cut(call, " ")
				switch {
				case !found:
					checkResponse(t, when+", "+call, do(t, s, method, "/"+id+path, nil), 404, "not_found_error", id)
				case method != "DELETE":
					checkResponse(t, when+", "+call, do(t, s, method, "/"+id+path, nil), want, "", "")
				}
			}
			page := send[gen.BetaMessageBatchPage](t, s, "GET", "", nil)
			var got []string
			for _, b := range page.Data {
				got = append(got, b.ID)
			}
			if diff := cmp.Diff(listed, got); diff != "" {
				t.Errorf("%s: %s", when, diff)
			}
		}
		check("at once", false, seeded)
		<-time.After(time.Minute - 1)
		check("a minute later, nearly", false, seeded)
		<-time.After(1)
		check("a minute later", true, seeded)
		<-time.After(59*time.Minute - 1)
		check("an hour later, nearly", true, seeded)
		<-time.After(1)
		check("an hour later", true, id, seeded)
	})
}

// TestClockPutBack checks that a batch without a lag stays visible after the clock is moved back.
func TestClockPutBack(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	b := send[gen.BetaMessageBatch](t, s, "POST", "", body("r"))
	s.Advance(-10 * time.Hour)
	if got := status(t, s, "GET", "/"+b.ID); got != 200 {
		t.Errorf("get: %d", got)
	}
	if page := send[gen.BetaMessageBatchPage](t, s, "GET", "", nil); len(page.Data) != 1 {
		t.Errorf("list: %+v", page)
	}
}

func TestSeed(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(time.Hour), batchtest.WithKey("sk-a", "wrkspc_a", "wrkspc_b"))
	mine := send[gen.BetaMessageBatch](t, s, "POST", "", body("r"))
	older := s.Seed(3, mine.CreatedAt.Add(-2*time.Hour))
	younger := s.Seed(100, mine.CreatedAt.Add(time.Minute))
	between := s.Seed(2, mine.CreatedAt.Add(-time.Minute))
	s.Advance(2 * time.Minute)
	now := s.Seed(1, time.Time{})
	var got []string
	for _, b := range send[gen.BetaMessageBatchPage](t, s, "GET", "", nil).Data {
		got = append(got, b.ID)
	}
	if diff := cmp.Diff([]string{now.ID, younger.ID, mine.ID, between.ID, older.ID}, got); diff != "" {
		t.Error(diff)
	}
	if younger.RequestCounts.Processing != 100 || !younger.CreatedAt.Equal(mine.CreatedAt.Add(time.Minute)) || now.CreatedAt.Before(younger.CreatedAt) {
		t.Errorf("got %+v and %+v", younger, now)
	}
	if older.ProcessingStatus != gen.BetaMessageBatchProcessingStatusEnded || older.RequestCounts.Succeeded != 3 || len(resultsOf(t, s, older.ID)) != 3 {
		t.Errorf("a batch that is older than its duration is %+v", older)
	}
	if calls := s.Calls(batchtest.Create); len(calls) != 1 {
		t.Errorf("%d calls of create", len(calls))
	}
	other := do(t, s, "GET", "/"+now.ID, nil, "anthropic-workspace-id", "wrkspc_b")
	checkResponse(t, "other workspace", other, 404, "not_found_error", now.ID)
}
