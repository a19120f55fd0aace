package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/cookbook/internal/connect"
)

func TestAnswer(t *testing.T) {
	t.Parallel()
	c, err := connect.New(false, answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := answer(t.Context(), c, &out); err != nil {
		t.Fatal(err)
	}
	t.Logf("tools\n%s", &out)
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	slices.Sort(got)
	want := []string{
		"round 1, cem: Nine to five.",
		"round 2, ann: The shop says: on its way.",
		"round 2, bob: The shop says: there is no such order.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
