package batchtest_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// TestOrganizations checks that organizations do not see each other's batches or share limits.
func TestOrganizations(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithQueueLimit(3), batchtest.WithKeys(
		batchtest.Key{Secret: "sk-a", Organization: "org_a", Workspaces: []string{"wrkspc_1"}},
		batchtest.Key{Secret: "sk-a2", Organization: "org_a", Workspaces: []string{"wrkspc_2"}},
		batchtest.Key{Secret: "sk-b", Organization: "org_b", Workspaces: []string{"wrkspc_1"}}))
	as := func(key string) []string { return []string{"x-api-key", key} }
	a := send[gen.BetaMessageBatch](t, s, "POST", "", body("1", "2"), as("sk-a")...).ID
	resp := do(t, s, "POST", "", body("1", "2"), as("sk-a2")...)
	if resp.Header.Get("retry-after") != "60" || resp.Header.Get("anthropic-organization-id") != "org_a" || resp.Header.Get("anthropic-workspace-id") != "wrkspc_2" {
		t.Errorf("got headers %v", resp.Header)
	}
	checkResponse(t, "the other workspace", resp, 429, "rate_limit_error", "2 of 3, and this batch has 2 more")
	send[gen.BetaMessageBatch](t, s, "POST", "", body("1"), as("sk-a2")...)
	send[gen.BetaMessageBatch](t, s, "POST", "", body("1", "2", "3"), as("sk-b")...)
	for key, want := range map[string]int{"sk-a": 200, "sk-a2": 404, "sk-b": 404} {
		resp := do(t, s, "GET", "/"+a, nil, as(key)...)
		if read(t, resp); resp.StatusCode != want {
			t.Errorf("%s: got %d, want %d", key, resp.StatusCode, want)
		}
	}
	s.Advance(time.Hour) // all have ended
	send[gen.BetaMessageBatch](t, s, "POST", "", body("1", "2", "3"), as("sk-a")...)
	want := map[string]int64{"org_a": 3, "org_b": 3}
	if diff := cmp.Diff(want, s.Stats().PeakWaiting); diff != "" {
		t.Error(diff)
	}
}

func TestRevokedKeys(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]batchtest.Option{"of the service": batchtest.WithKey("sk-1"), "any": batchtest.WithAnyKey()} {
		s := batchtest.New(t, o)
		s.AddKey(batchtest.Key{Secret: "sk-2"})
		for i, tt := range []struct {
			change func()
			status [2]int // of sk-1 and sk-2
		}{
			{func() {}, [2]int{200, 200}},
			{func() { s.RevokeKey("sk-1") }, [2]int{401, 200}},
			{func() { s.RevokeKey("sk-2") }, [2]int{401, 401}},
			{func() { s.AddKey(batchtest.Key{Secret: "sk-1"}) }, [2]int{200, 401}},
		} {
			tt.change()
			for j, key := range []string{"sk-1", "sk-2"} {
				resp := do(t, s, "GET", "", nil, "x-api-key", key)
				if read(t, resp); resp.StatusCode != tt.status[j] {
					t.Errorf("%s, step %d: %s gets %d, want %d", name, i, key, resp.StatusCode, tt.status[j])
				}
			}
		}
	}
}

func TestCallLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithCallLimit(3))
		<-time.After(20 * time.Second)
		for i, want := range []int{200, 404, 200, 429, 429} {
			path := ""
			if want == 404 {
				path = "/b"
			}
			resp := do(t, s, "GET", path, nil)
			text := read(t, resp)
			remaining := fmt.Sprint(max(0, 2-i))
			if resp.StatusCode != want || resp.Header.Get("anthropic-ratelimit-requests-remaining") != remaining || resp.Header.Get("anthropic-ratelimit-requests-limit") != "3" {
				t.Errorf("call %d: got %d %s %v", i, resp.StatusCode, text, resp.Header)
			}
			if reset, err := time.Parse(time.RFC3339, resp.Header.Get("anthropic-ratelimit-requests-reset")); err != nil || !reset.Equal(s.Now().Add(40*time.Second)) {
				t.Errorf("call %d: reset is %v, %v", i, reset, err)
			}
			if want == 429 && resp.Header.Get("retry-after") != "40" {
				t.Errorf("call %d: retry-after is %s", i, resp.Header.Get("retry-after"))
			}
		}
		<-time.After(40 * time.Second)
		if got := status(t, s, "GET", ""); got != 200 {
			t.Errorf("in the next minute: %d", got)
		}
		if got := s.Stats(); got.CallsPerMinute != 5 || got.Calls[batchtest.List] != 5 || got.Calls[batchtest.Get] != 1 {
			t.Errorf("got %+v", got)
		}
	})
}

// TestSeedLike checks batches of others that differ only in their messages.
func TestSeedLike(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithDuration(0), batchtest.WithKey("sk-1"), batchtest.WithKey("sk-2", "wrkspc_2"))
	mine := send[gen.BetaMessageBatch](t, s, "POST", "", body("a", "b"), "x-api-key", "sk-2")
	theirs := s.SeedLike(mine.ID, mine.CreatedAt.Add(-time.Minute))
	if theirs.RequestCounts.Succeeded != 2 || !theirs.CreatedAt.Equal(mine.CreatedAt.Add(-time.Minute)) {
		t.Errorf("got %+v", theirs)
	}
	checkResponse(t, "other workspace", do(t, s, "GET", "/"+theirs.ID, nil), 404, "", "")
	resp := do(t, s, "GET", "/"+theirs.ID+"/results", nil, "x-api-key", "sk-2")
	for _, want := range []string{`"custom_id":"a"`, `"custom_id":"b"`, "You said: Hello, world"} {
		if text := read(t, resp); !strings.Contains(text, want) {
			t.Errorf("%s is not in %s", want, text)
		}
		resp = do(t, s, "GET", "/"+theirs.ID+"/results", nil, "x-api-key", "sk-2")
	}
	want := map[string][]string{"a": {theirs.ID, mine.ID}, "b": {theirs.ID, mine.ID}}
	if diff := cmp.Diff(want, s.Accepted()); diff != "" {
		t.Error(diff)
	}
	if got := s.Stats(); got.Creates != 1 || got.Requests != 2 || got.WholeBodies != 1 {
		t.Errorf("a colleague's batch is counted: %+v", got)
	}
}

func TestColleagues(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithColleagues(0.5))
	mine := make(map[string]bool)
	for i := range 100 {
		mine[send[gen.BetaMessageBatch](t, s, "POST", "", body(fmt.Sprint(i))).ID] = true
	}
	theirs := 0
	for customID, ids := range s.Accepted() {
		if len(ids) > 2 || !slices.ContainsFunc(ids, func(id string) bool { return mine[id] }) {
			t.Errorf("%s was accepted in %v", customID, ids)
		}
		theirs += len(ids) - 1
	}
	if theirs < 30 || theirs > 70 {
		t.Errorf("%d batches of colleagues", theirs)
	}
}

// TestClockSkew checks that list sorts by created_at, not by the order of calls.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t, batchtest.WithClockSkew(10*time.Second))
	var ids []string
	var dates []time.Duration
	for range 20 {
		resp := do(t, s, "POST", "", body("r"))
		date, err := http.ParseTime(resp.Header.Get("date"))
		if err != nil {
			t.Fatal(err)
		}
		dates = append(dates, s.Now().Sub(date).Round(time.Second))
		var b gen.BetaMessageBatch
		b.UnmarshalJSON([]byte(read(t, resp)))
		if off := s.Now().Sub(b.CreatedAt).Abs(); off > 11*time.Second {
			t.Errorf("created_at is off by %v", off)
		}
		ids = append(ids, b.ID)
	}
	page := send[gen.BetaMessageBatchPage](t, s, "GET", "", nil)
	if !slices.IsSortedFunc(page.Data, func(a, b gen.BetaMessageBatch) int { return b.CreatedAt.Compare(a.CreatedAt) }) {
		t.Error("list is not in order of created_at")
	}
	listed := make([]string, 0, 20)
	for _, b := range slices.Backward(page.Data) {
		listed = append(listed, b.ID)
	}
	if slices.Equal(ids, listed) {
		t.Error("list is in the order of the calls")
	}
	if slices.Max(dates) > 11*time.Second || slices.Min(dates) < -11*time.Second || slices.Max(dates)-slices.Min(dates) < 3*time.Second {
		t.Errorf("Date is off by %v", dates)
	}
}

// TestOdds checks the numbers of results by type, that answers by custom id are not affected, and that the same seed
// produces the same results each time they are read.
func TestOdds(t *testing.T) {
	t.Parallel()
	run := func(seed uint64, script func(*batchtest.Service), opts ...batchtest.Option) (gen.BetaRequestCounts, map[string]string) {
		s := batchtest.New(t, append([]batchtest.Option{batchtest.WithDuration(0), batchtest.WithSeed(seed), batchtest.WithErrored(0.2), batchtest.WithExpired(0.1),
			batchtest.WithTruncated(0.1), batchtest.WithRefused(0.1)}, opts...)...)
		script(s)
		ids := []string{"mine"}
		for i := range 999 {
			ids = append(ids, fmt.Sprint("r", i))
		}
		b := send[gen.BetaMessageBatch](t, s, "POST", "", body(ids...))
		b = send[gen.BetaMessageBatch](t, s, "GET", "/"+b.ID, nil)
		all := make(map[string]string)
		for id, result := range resultsOf(t, s, b.ID) {
			all[id] = result.Discriminator()
			if m, ok := result.(*gen.BetaMessageBatchSucceededResult); ok {
				all[id] = string(m.Message.StopReason)
			}
		}
		return b.RequestCounts, all
	}
	nothing := func(*batchtest.Service) {}
	counts, first := run(1, nothing)
	_, again := run(1, nothing)
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
	if _, other := run(2, nothing); cmp.Equal(first, other) {
		t.Error("another seed produces the same results")
	}
	scripted, kept := run(1, func(s *batchtest.Service) {
		s.Answer("mine", batchtest.Text("Fine."))
		s.AnswerAll(batchtest.Text("Fine."))
	})
	if kept["mine"] != "end_turn" || scripted.Succeeded != counts.Succeeded && scripted.Succeeded != counts.Succeeded+1 {
		t.Errorf("with a script %s and %+v, without one %+v", kept["mine"], scripted, counts)
	}
	n := make(map[string]int)
	for _, what := range first {
		n[what]++
	}
	for what, want := range map[string][2]int{"errored": {130, 230}, "expired": {60, 140}, "max_tokens": {40, 110}, "refusal": {40, 110}, "end_turn": {500, 700}} {
		if n[what] < want[0] || n[what] > want[1] {
			t.Errorf("%d of 1000 are %s, want %v", n[what], what, want)
		}
	}
	if int(counts.Errored) != n["errored"] || int(counts.Expired) != n["expired"] {
		t.Errorf("counts are %+v, results are %v", counts, n)
	}
	if _, none := run(1, nothing, batchtest.WithErrored(0), batchtest.WithExpired(0), batchtest.WithRefused(0), batchtest.WithTruncated(0)); !maps.Equal(none, uniform(none, "end_turn")) {
		t.Errorf("got %v", none)
	}
}

func uniform(m map[string]string, value string) map[string]string {
	m = maps.Clone(m)
	for k := range m {
		m[k] = value
	}
	return m
}

// TestLateActsEndWithTheService checks that a batch is accepted after its caller has gone, unless the service is closed.
func TestLateActsEndWithTheService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, f := range map[string]batchtest.Fault{"caller leaves": batchtest.ActLate(20 * time.Minute), "connection is lost": batchtest.DropThenAct(20 * time.Minute)} {
			for _, closes := range []bool{false, true} {
				s := batchtest.Start()
				s.Inject(batchtest.Create, f)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				_, err := s.Client().Create(ctx, []client.Request{greeting("a")})
				cancel()
				if err == nil || len(s.Batches()) > 0 {
					t.Errorf("%s: got %v and %v", name, err, s.Batches())
				}
				if closes {
					s.Close()
				}
				<-time.After(20 * time.Minute)
				synctest.Wait()
				if n := len(s.Batches()); (n == 1) == closes {
					t.Errorf("%s: %d batches; closed: %v", name, n, closes)
				}
				if stats := s.Stats(); stats.WholeBodies != 1 {
					t.Errorf("%s: %d whole bodies", name, stats.WholeBodies)
				}
			}
		}
	})
}

func greeting(id string) client.Request {
	return client.Request{CustomID: id, Params: client.Params{
		Model: client.ModelClaudeOpus5, MaxTokens: 100, Messages: []client.InputMessage{client.UserText("Hello from " + id)},
	}}
}
