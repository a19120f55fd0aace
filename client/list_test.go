package client_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

func TestList(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	c := s.Client()
	var want []string
	for range 7 {
		want = append([]string{create(t, c, 1).ID}, want...) // newest first
	}
	list := func(opts ...client.CallOption) (got []string) {
		t.Helper()
		for b, err := range c.List(t.Context(), opts...) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, b.ID)
		}
		return got
	}
	for name, tt := range map[string]struct {
		options []client.CallOption
		want    []string
		calls   int
	}{
		"one page":      {nil, want, 1},
		"pages":         {[]client.CallOption{client.WithPageSize(3)}, want, 3},
		"last is full":  {[]client.CallOption{client.WithPageSize(7)}, want, 1},
		"after":         {[]client.CallOption{client.WithPageSize(2), client.WithAfter(want[3])}, want[4:], 2},
		"after last":    {[]client.CallOption{client.WithAfter(want[6])}, nil, 1},
		"before":        {[]client.CallOption{client.WithPageSize(2), client.WithBefore(want[3])}, []string{want[1], want[2], want[0]}, 2},
		"before newest": {[]client.CallOption{client.WithBefore(want[0])}, nil, 1},
	} {
		before := len(s.Calls(batchtest.List))
		if diff := cmp.Diff(tt.want, list(tt.options...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if calls := len(s.Calls(batchtest.List)) - before; calls != tt.calls {
			t.Errorf("%s: %d calls, want %d", name, calls, tt.calls)
		}
	}
	for range c.List(t.Context(), client.WithPageSize(1)) {
		break // leaving early requests no more pages
	}
}
