package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// hostile lists malicious custom IDs. Each belongs to a request that fails.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "evil\u202egnp.exe\u200b\x1b[2J", strings.Repeat("x", 5000),
	`{{.Version}}`, `</style></title><svg onload=alert(1)>`, `javascript:alert(1)`, `url(https://example.com)`,
}

// A scene is a job in a synctest bubble.
type scene struct {
	*testing.T
	dir     string
	service *batchtest.Service
	done    *jobs.Report
}

// inScene runs a job of 60 good requests and the hostile ones, and looks at it afterwards. While is called with events.
func inScene(t *testing.T, while func(*scene, jobs.Event), after func(*scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scene{T: t, dir: filepath.Join(t.TempDir(), "night.job"), service: batchtest.New(t, batchtest.WithDuration(30*time.Minute), batchtest.WithExpired(0.1), batchtest.WithSeed(7))}
		var lines strings.Builder
		ids := hostile
		for i := range 60 {
			ids = append(ids, fmt.Sprintf("ticket-%d", i))
		}
		for i, id := range ids {
			name, err := json.Marshal(id)
			if err != nil {
				t.Fatal(err)
			}
			text := "hello"
			switch {
			case i < len(hostile):
				text = "fail"
			case i%6 == 0:
				text = "a long story"
			}
			model := []string{"claude-opus-5", "claude-haiku-4-5"}[i%2]
			fmt.Fprintf(&lines, `{"custom_id":%s,"params":{"model":%q,"max_tokens":50,"messages":[{"role":"user","content":"%s %d"}]}}`+"\n", name, model, text, i)
		}
		input := filepath.Join(t.TempDir(), "requests.jsonl")
		if err := os.WriteFile(input, []byte(lines.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		s.service.AnswerAll(func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
			text, err := json.Marshal(r.Params.Messages)
			switch {
			case err != nil:
				t.Error(err)
			case strings.Contains(string(text), "long"):
				return batchtest.Truncated("once upon")(r)
			case strings.Contains(string(text), "fail"):
				return batchtest.Errored(&gen.BetaInvalidRequestError{Message: hostile[0] + hostile[2] + strings.Repeat("y", 5000)})(r)
			}
			return batchtest.Text("hello to you")(r)
		})
		o := jobs.Options{MaxRequests: 20, Accept: jobs.AcceptComplete, Labels: map[string]string{"team": hostile[0], hostile[2]: strings.Repeat("z", 5000)}}
		o.OnEvent = func(e jobs.Event) {
			if while != nil {
				while(s, e)
			}
		}
		j, err := jobs.Open(t.Context(), s.dir, o)
		if err != nil {
			t.Fatal(err)
		}
		s.done, err = j.Run(t.Context(), s.service.Client(), jobs.Lines(input))
		if err := errors.Join(err, j.Close()); err != nil {
			t.Fatal(err)
		}
		if after != nil {
			after(s)
		}
	})
}

// read makes a report and its page.
func (s *scene) read() (*Report, string) {
	s.Helper()
	r, err := Read(s.Context(), []string{s.dir}, nil, "test")
	if err != nil {
		s.Fatal(err)
	}
	var page bytes.Buffer
	if err := WriteHTML(&page, r); err != nil {
		s.Fatal(err)
	}
	return r, page.String()
}

// TestDone checks every part of the report on a finished job, and then retries some of its requests.
func TestDone(t *testing.T) {
	t.Parallel()
	inScene(t, nil, func(s *scene) {
		s.counts()
		s.hostile()
		s.canceled()
		s.retried()
	})
}

// counts compares the report of a finished job with its manifest.
func (s *scene) counts() {
	r, page := s.read()
	j := r.Jobs[0]
	o, d := j.Outcomes, s.done
	if o.Answered != d.Answered-d.Rejected || o.Rejected != d.Rejected || o.failed() != d.Failed+d.Missing || o.Open != 0 || o.Answered < 40 || o.Errored != int64(len(hostile)) {
		s.Errorf("%+v, but the manifest has %+v", o, d)
	}
	if o.Retried.requests() != d.Reasked+d.Retried || d.Reasked == 0 || d.Retried == 0 || o.Failures.requests() != d.Rejected+d.Failed+d.Missing {
		s.Errorf("%d were resent and %d failed, but the manifest has %+v", o.Retried.requests(), o.Failures.requests(), d)
	}
	first := o.Failures[slices.IndexFunc(o.Failures, func(x *Reason) bool { return x.Outcome == "errored" })]
	if first.Outcome != "errored" || first.Type != "invalid_request_error" || len(first.Messages) != 1 || len(first.Examples) != mostExamples || first.Examples[0].Request != 1 {
		s.Errorf("requests that errored: %+v", first)
	}
	stops := int64(0)
	for _, x := range o.Stops {
		stops += x.Count
	}
	if stops != d.Answered {
		s.Errorf("stop reasons of %d answers: %v", stops, o.Stops)
	}
	for _, b := range j.Batches {
		if b.Created.IsZero() || b.Ended.Before(b.Created) || b.Collected.Before(b.Ended) {
			s.Errorf("%+v", b)
		}
	}
	for _, want := range []string{"claude-haiku-4-5", "claude-opus-5", "<code>invalid_request_error</code>", "<title id=\"gantt-t-0\">", "Estimate against actual", ">expired<", "not accepted<br><code>max_tokens</code>"} {
		if !strings.Contains(page, want) {
			s.Errorf("%q is not on the page", want)
		}
	}
}

// TestRunning makes reports while the job runs: the outcomes add up at any time.
func TestRunning(t *testing.T) {
	t.Parallel()
	reports := 0
	inScene(t, func(s *scene, e jobs.Event) {
		if e.Kind == jobs.EventOutage {
			return
		}
		r, page := s.read()
		j := r.Jobs[0]
		o := j.Outcomes
		if got := o.Answered + o.Rejected + o.failed() + o.Open; j.Status.Requests != 68 || got != 68 || j.Done != nil && e.Kind != jobs.EventDone || len(j.Notes) > 0 {
			s.Errorf("%s: %+v of %d; %v", e.Kind, o, j.Status.Requests, j.Notes)
		}
		if !strings.Contains(page, "Since the start") && j.Done == nil {
			s.Errorf("the page does not say that the job is running")
		}
		reports++
	}, nil)
	if reports < 10 {
		t.Errorf("%d reports", reports)
	}
}

// TestPruned makes a report when only the output is left.
func TestPruned(t *testing.T) {
	t.Parallel()
	inScene(t, nil, func(s *scene) {
		j, err := jobs.Open(s.Context(), s.dir, jobs.Options{})
		if err != nil {
			s.Fatal(err)
		}
		_, err = j.Prune(s.Context(), 0)
		if err := errors.Join(err, j.Close()); err != nil {
			s.Fatal(err)
		}
		r, page := s.read()
		o, d := r.Jobs[0].Outcomes, s.done
		if o.Answered != d.Answered || o.failed() != d.Failed || len(o.Retried) > 0 || !strings.Contains(page, "were pruned") {
			s.Errorf("%+v, but the manifest has %+v", o, d)
		}
	})
}

// retried retries failed requests: the job runs again, and its old report is not shown.
func (s *scene) retried() {
	before, _ := s.read()
	j, err := jobs.Open(s.Context(), s.dir, jobs.Options{})
	if err != nil {
		s.Fatal(err)
	}
	n, err := j.Retry(s.Context(), jobs.RetryErrored)
	if err := errors.Join(err, j.Close()); err != nil || n != int64(len(hostile)) {
		s.Fatalf("%d requests, %v", n, err)
	}
	after, page := s.read()
	was, is := before.Jobs[0].Outcomes, after.Jobs[0].Outcomes
	if is.Open != n || is.Errored != 0 || is.Answered != was.Answered || is.Retried.requests() != was.Retried.requests()+n || after.Jobs[0].Done != nil {
		s.Errorf("before: %+v, after: %+v", was, is)
	}
	for _, want := range []string{"Since the start", "No program is running the job"} {
		if !strings.Contains(page, want) {
			s.Errorf("%q is not on the page", want)
		}
	}
}

// hostile checks that texts from outside cannot harm the page.
func (s *scene) hostile() {
	_, page := s.read()
	for _, bad := range []string{"<script", "<img", "onerror=alert(1)>", "<svg onload", "</style></title>", "http://", "src=\"", "<link", "@import", " src=\"", strings.Repeat("x", 200), strings.Repeat("y", 600), strings.Repeat("z", 200)} {
		if strings.Contains(page, bad) {
			s.Errorf("the page has %.40q", bad)
		}
	}
	for _, want := range []string{"&lt;script&gt;alert(1)&lt;/script&gt;", `evil\u202egnp.exe\u200b\x1b[2J`, "{{.Version}}"} {
		if !strings.Contains(page, want) {
			s.Errorf("the page does not contain %q", want)
		}
	}
	for _, c := range page {
		if c != '\n' && (unicode.IsControl(c) || unicode.In(c, unicode.Cf, unicode.Zl, unicode.Zp)) {
			s.Fatalf("the page has %U", c)
		}
	}
	if len(page) > 100_000 {
		s.Errorf("the page has %d bytes", len(page))
	}
	_, rest, _ := strings.Cut(page, "<style>")
	css, rest, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(css))
	if strings.Contains(rest, "<style") || strings.Contains(page, " style=") || !strings.Contains(html.UnescapeString(page), "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"';") {
		s.Error("the policy does not allow only the style")
	}
}

// TestReasonsAreBounded checks that a million kinds of failures become a few.
func TestReasonsAreBounded(t *testing.T) {
	t.Parallel()
	var r Reasons
	const n = 11_000
	for i := range int64(n) {
		letters := strings.Repeat(string(rune('a'+i%26)), int(i/26%400)+1)
		raw := fmt.Sprintf(`{"custom_id":"c","result":{"type":"errored","error":{"type":"error","error":{"type":"type_%s","message":"line %d: %s"}}}}`, letters[:1+len(letters)/40], i, letters)
		item := client.ParseItem([]byte(raw), 0)
		r.add(&jobs.StoredResult{Index: i, Kind: jobs.ResultFailed, Item: &item})
	}
	r.done()
	if len(r) != mostReasons+1 || r.requests() != n {
		t.Fatalf("%d reasons of %d requests", len(r), r.requests())
	}
	for _, x := range r {
		all := x.Others
		for _, m := range x.Messages {
			all += m.Count
		}
		if len(x.Messages) > keptMessages || len(x.Examples) > mostExamples || all != x.Requests {
			t.Errorf("%s: %d messages, %d examples, %d of %d requests", x.Type, len(x.Messages), len(x.Examples), all, x.Requests)
		}
	}
}

// canceled checks that a report ends with its context.
func (s *scene) canceled() {
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	if r, err := Read(ctx, []string{s.dir}, nil, "test"); r != nil || !errors.Is(err, context.Canceled) {
		s.Errorf("got %+v, %v", r, err)
	}
}
