package jobs_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/jobs"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const line = `{"custom_id":"ID","params":{"model":"claude-opus-5","max_tokens":10,"messages":[{"role":"user","content":"Hi"}]}}` + "\n"
	lines := func(ids ...string) string {
		text := ""
		for _, id := range ids {
			text += strings.Replace(line, "ID", id, 1)
		}
		return text
	}
	for name, tt := range map[string]struct {
		text    string
		options jobs.Options
		batches int
		as      any    // type of the error
		want    string // a part of its text
	}{
		"right/one batch":      {lines("a", "b c", "d"), jobs.Options{}, 1, nil, ""},
		"right/several":        {lines("a", "b", "c", "d", "e"), jobs.Options{MaxRequests: 1}, 5, nil, ""},
		"right/without check":  {strings.ReplaceAll(lines("a"), "max_tokens", "tokens"), jobs.Options{WithoutPreflight: true}, 1, nil, ""},
		"wrong/property":       {strings.ReplaceAll(lines("a"), "max_tokens", "max_tokns"), jobs.Options{}, 0, new(*preflight.IssuesError), "max_tokns"},
		"wrong/twice":          {lines("a", "b", "a"), jobs.Options{}, 0, new(*jobs.InputError), "line 3: "},
		"wrong/too large":      {lines("a"), jobs.Options{MaxBytes: 50}, 0, new(*jobs.InputError), "too large for a batch"},
		"wrong/empty":          {"\n", jobs.Options{WithoutPreflight: true}, 0, nil, "no requests"},
		"wrong/kept ID":        {lines("b c"), jobs.Options{KeepIDs: true}, 0, nil, "custom"},
		"wrong/not one object": {"[]\n", jobs.Options{WithoutPreflight: true}, 0, new(*jobs.InputError), "line 1: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "requests.jsonl")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := jobs.Check(t.Context(), file, tt.options)
			switch {
			case tt.want == "" && (err != nil || out.Batches != tt.batches || out.Requests != int64(strings.Count(tt.text, "\n")) || out.Bytes != int64(len(tt.text))):
				t.Errorf("got %+v, %v", out, err)
			case tt.want != "" && (err == nil || out != nil || !strings.Contains(err.Error(), tt.want) || tt.as != nil && !errors.As(err, tt.as)):
				t.Errorf("got %+v, %v", out, err)
			}
			if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
				t.Errorf("%v, %v", files, err)
			}
		})
	}
	if _, err := jobs.Check(t.Context(), "none.jsonl", jobs.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
