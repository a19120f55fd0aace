package issues_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/cmd/internal/issues"
)

func TestGroup(t *testing.T) {
	t.Parallel()
	var lines strings.Builder
	for i := range 1000 {
		// Each has an invalid text, always in a different place; every tenth lacks max_tokens; the model is unknown.
		tokens, before := `"max_tokens":1,`, strings.Repeat(`{"role":"user","content":"x"},`, i%20)
		if i%10 == 0 {
			tokens = ""
		}
		fmt.Fprintf(&lines, `{"custom_id":"r-%d","params":{"model":"claude-opus-99",%s"messages":[%s{"role":"user","content":7}]}}`+"\n", i, tokens, before)
	}
	report, err := preflight.CheckLines(strings.NewReader(lines.String()), preflight.Options{Max: issues.Kept})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range issues.Group(report, 2) {
		text := fmt.Sprintf("%s %s %s %d", k.Severity, k.Rule, k.Place, k.Count)
		for _, i := range k.First {
			text += fmt.Sprintf(" %d:%s", i.Line, i.Pointer)
		}
		got = append(got, text)
	}
	want := []string{
		"warning unknown-model /params/model 1000 1:/params/model 2:/params/model",
		"error type /params/messages/*/content 1000 1:/params/messages/0/content 2:/params/messages/1/content",
		"error required /params/max_tokens 100 1:/params/max_tokens 11:/params/max_tokens",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var totals issues.Totals
	totals.Add(report)
	totals.Add(nil)
	totals.Add(report)
	if diff := cmp.Diff(issues.Totals{Files: 3, Failed: 1, Requests: 2000, Bytes: 2 * report.Bytes, Errors: 2200, Warnings: 2000}, totals); diff != "" {
		t.Error(diff)
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	for pointer, want := range map[string]string{
		"": "", "/params/model": "/params/model", "/params/messages/10/content/0/text": "/params/messages/*/content/*/text",
		"/params/tools/0/input_schema/properties/a1": "/params/tools/*/input_schema/properties/a1", "/a//7~1": "/a//7~1",
	} {
		if got := issues.Place(pointer); got != want {
			t.Errorf("%s: got %s, want %s", pointer, got, want)
		}
	}
}
