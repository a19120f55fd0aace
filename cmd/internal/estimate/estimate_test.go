package estimate_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/cmd/internal/estimate"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// table has one model, whose tokens cost 2 and 10 per million, and half as much in batches.
const table = `{"dated": "2026-01-01", "currency": "USD", "models": [{"model": "m", "input": 2, "cache_write_5m": 2.5, "cache_write_1h": 4, "cache_read": 0.2, "output": 10, "text": 1}]}`

func options(t *testing.T) estimate.Options {
	t.Helper()
	prices, err := price.Read(strings.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	return estimate.Options{Table: prices, Assume: price.Options{Day: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}}
}

// files writes n requests and their results, with the given numbers of tokens each.
func files(t *testing.T, n, in, out int) (requests, results string) {
	t.Helper()
	var a, b strings.Builder
	for i := range n {
		fmt.Fprintf(&a, `{"custom_id":"r-%d","params":{"model":"m","max_tokens":1000,"messages":[{"role":"user","content":"What is the weather like?"}]}}`+"\n", i)
		fmt.Fprintf(&b, `{"custom_id":"r-%d","result":{"type":"succeeded","message":{"id":"x","type":"message","role":"assistant","model":"m","content":[],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":%d,"output_tokens":%d}}}}`+"\n", i, in, out)
	}
	dir := t.TempDir()
	requests, results = filepath.Join(dir, "requests.jsonl"), filepath.Join(dir, "results.jsonl")
	if err := errors.Join(os.WriteFile(requests, []byte(a.String()), 0o600), os.WriteFile(results, []byte(b.String()), 0o600)); err != nil {
		t.Fatal(err)
	}
	return requests, results
}

func TestFiles(t *testing.T) {
	t.Parallel()
	requests, _ := files(t, 10, 0, 0)
	line := `{"custom_id":"x","params":{"model":"m","max_tokens":1000,"messages":[{"role":"user","content":"q"}]}}`
	r, err := estimate.Files(t.Context(), []string{requests, "-"}, strings.NewReader(line+"\nno request\n"), options(t))
	if err != nil {
		t.Fatal(err)
	}
	if r.Requests != 11 || len(r.Malformed) != 1 || !strings.HasPrefix(r.Malformed[0], "-: line 2: ") {
		t.Errorf("%d requests, malformed %v", r.Requests, r.Malformed)
	}
	if out := r.Models[0].Output; out.Expected != 11*250 || out.High != 11*1000 || r.Cost.Expected < bulk.Money(11*250*5000) || r.Cost.Expected > bulk.Money(11*280*5000) {
		t.Errorf("output %v, cost %v", out, r.Cost)
	}
	if _, err := estimate.Files(t.Context(), []string{"none.jsonl"}, nil, options(t)); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := estimate.Files(ctx, []string{requests}, nil, options(t)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	o := options(t)
	requests, results := files(t, 100, 10, 50)
	r, err := estimate.Files(t.Context(), []string{requests}, nil, o)
	if err == nil {
		err = r.Compare(t.Context(), []string{requests + "=" + results}, o)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := r.Compared[0]
	actual := bulk.Money(100 * (10*1000 + 50*5000)) // billionths
	if c.Requests != 100 || c.Results != 100 || c.Cost != actual || c.Estimated != r.Cost {
		t.Errorf("%+v, want a cost of %v", c, actual)
	}
	if want := r.Cost.Expected.Float64()/actual.Float64() - 1; want < 1 || math.Abs(c.Off-want) > 1e-9 {
		t.Errorf("off by %v, want %v", c.Off, want)
	}
	if r.ByExperience == nil || math.Abs(r.ByExperience.Float64()/actual.Float64()-1) > 0.01 {
		t.Errorf("by experience %v, but the cost was %v", r.ByExperience, actual)
	}
}

// TestCompareJob compares with a finished job, and refuses one that is not done.
func TestCompareJob(t *testing.T) {
	t.Parallel()
	requests, _ := files(t, 30, 0, 0)
	text, err := os.ReadFile(requests)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(requests, []byte(strings.ReplaceAll(string(text), `"m"`, `"claude-haiku-4-5"`)), 0o600); err != nil {
		t.Fatal(err)
	}
	o := estimate.Options{Table: price.Default()}
	dir := filepath.Join(t.TempDir(), "a.job")
	j, err := jobs.Open(t.Context(), dir, jobs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	r, err := estimate.Files(t.Context(), []string{requests}, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Compare(t.Context(), []string{dir}, o); err == nil || !strings.Contains(err.Error(), "only a finished job can be compared") {
		t.Error(err)
	}
	service := batchtest.New(t, batchtest.WithDuration(0))
	if _, err := j.Run(t.Context(), service.Client(), jobs.Lines(requests)); err != nil {
		t.Fatal(err)
	}
	if err := r.Compare(t.Context(), []string{dir}, o); err != nil {
		t.Fatal(err)
	}
	if c := r.Compared[0]; c.Name != dir || c.Requests != 30 || c.Results != 30 || c.Cost <= 0 || c.Estimated != r.Cost || c.Off == 0 {
		t.Errorf("%+v", c)
	}
}

func TestCompareFails(t *testing.T) {
	t.Parallel()
	o := options(t)
	requests, results := files(t, 1, 1, 1)
	r, err := estimate.Files(t.Context(), []string{requests}, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"x.job":                  "x.job is neither the directory of a job nor REQUESTS=RESULTS",
		"none=" + results:        "none=" + results + ": open none: ",
		requests + "=none":       requests + "=none: open none: ",
		t.TempDir():              "job ",
		requests + "=" + results: "",
	} {
		if err := r.Compare(t.Context(), []string{name}, o); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got error %v, want %s...", name, err, want)
		}
	}
}
