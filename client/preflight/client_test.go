package preflight_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

// wrongRequests decodes those requests of the corpus of wrong requests that Go values can represent.
func wrongRequests(t *testing.T) (requests []client.Request) {
	for _, c := range readCorpus(t, "testdata/wrong/*.txt") {
		var r client.Request
		if r.UnmarshalJSON([]byte(c.request)) != nil || r.CustomID != "a" {
			continue
		}
		r.CustomID = "r" + strings.Repeat("-", len(requests)%60) + string(rune('a'+len(requests)/60))
		requests = append(requests, r)
	}
	return requests
}

// TestWithAndWithoutPreflight sends wrong requests without preflight: the fake service must return, a day later, the
// errors that preflight reports at once.
func TestWithAndWithoutPreflight(t *testing.T) {
	t.Parallel()
	for _, version := range []gen.AnthropicVersion{gen.AnthropicVersionV20230601, gen.AnthropicVersionV20261021} {
		s := batchtest.New(t, batchtest.WithDuration(0))
		requests := wrongRequests(t)
		want := make(map[string]string)
		for _, i := range preflight.Check(requests, preflight.Options{Version: version}).Issues {
			if i.Severity == preflight.Error && want[i.CustomID] == "" {
				want[i.CustomID] = strings.ReplaceAll(string(i.Pointer[1:]), "/", ".") + ": " + i.Message
			}
		}
		c := s.Client(client.WithVersion(version))
		batch, err := c.Create(t.Context(), requests)
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]string)
		for item, err := range c.Results(t.Context(), batch.ID) {
			if err != nil {
				t.Fatal(err)
			}
			var invalid *gen.BetaInvalidRequestError
			if errors.As(item.Err(), &invalid) {
				got[item.CustomID] = invalid.Message
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-preflight +service)\n%s", diff)
		}
		t.Logf("version %s: %d of %d requests are wrong", version, len(want), len(requests))

		check := client.WithPreflight(preflight.Checker{})
		_, err = c.Create(t.Context(), requests, check)
		var issues *preflight.IssuesError
		if !errors.As(err, &issues) || len(issues.Issues) < len(want) {
			t.Errorf("got %v", err)
		}
		if n := len(s.Batches()); n != 1 {
			t.Errorf("the service has %d batches, want the one that was sent without preflight", n)
		}
	}
}

// A spyChecker records the CallInfo that it receives.
type spyChecker struct {
	preflight.Checker
	info client.CallInfo
}

func (c *spyChecker) CheckRequests(ctx context.Context, requests []client.Request, info client.CallInfo) error {
	c.info = info
	return c.Checker.CheckRequests(ctx, requests, info)
}

// TestPreflightKnowsTheCall checks that preflight uses the version and the betas that the client will send.
func TestPreflightKnowsTheCall(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	spy := &spyChecker{}
	c := s.Client(client.WithBetas(gen.AnthropicBetaCompact20260904), client.WithPreflight(spy))
	request := client.Request{CustomID: "a", Params: client.Params{
		Model: gen.ModelClaudeHaiku45, MaxTokens: 16, Messages: []client.InputMessage{client.UserText("Hi")},
		Temperature: new(0.5), Compaction: &gen.BetaCompactionConfig{}, Fallbacks: gen.BetaFallbacksDefault("default"),
	}}
	for _, tt := range []struct {
		opts []client.CallOption
		want []string
	}{
		{nil, []string{"warning missing-beta /params/fallbacks", "warning refused-by-batch /params/fallbacks"}},
		{[]client.CallOption{client.WithBetas(gen.AnthropicBetaServerSideFallback20260701)}, []string{"warning refused-by-batch /params/fallbacks"}},
		{[]client.CallOption{client.WithVersion(gen.AnthropicVersionV20261021)}, []string{"warning missing-beta /params/fallbacks", "warning refused-by-batch /params/fallbacks", "error refused-by-version /params/temperature"}},
	} {
		line, err := request.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		_, ofValues := c.Create(t.Context(), []client.Request{request}, tt.opts...)
		_, ofLines := c.CreateLines(t.Context(), bytes.NewReader(line), tt.opts...)
		for _, err := range []error{ofValues, ofLines} {
			var issues *preflight.IssuesError
			wrong := slices.ContainsFunc(tt.want, func(w string) bool { return strings.HasPrefix(w, "error ") })
			if errors.As(err, &issues) != wrong || err != nil && !wrong {
				t.Errorf("got error %v", err)
			}
		}
		if diff := cmp.Diff(tt.want, found(preflight.Check([]client.Request{request}, preflight.Options{Version: spy.info.Version, Betas: spy.info.Betas}).Issues)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestIssuesError(t *testing.T) {
	t.Parallel()
	report := &preflight.Report{Issues: []preflight.Issue{{Index: -1, Rule: preflight.UnknownBeta, Message: "w"}}}
	if err := report.Err(); err != nil {
		t.Errorf("warnings alone are not an error, got %v", err)
	}
	for range 12 {
		report.Issues = append(report.Issues, preflight.Issue{Index: 3, Pointer: "/params", Rule: preflight.Type, Severity: preflight.Error, Message: "m"})
	}
	err := report.Err()
	if want := "preflight: 12 errors\n" + strings.Repeat("request 3 /params: m [type]\n", 10) + "and 2 more"; err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	report.Issues = report.Issues[:2]
	report.Issues[1].Line = 5
	if want := "preflight: 1 error\nline 5: request 3 /params: m [type]"; report.Err().Error() != want {
		t.Errorf("got %v\nwant %s", report.Err(), want)
	}
}
