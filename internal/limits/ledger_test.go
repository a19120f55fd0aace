package limits

import (
	"strings"
	"testing"
)

// TestLedger compares the counted length with that of the real body.
func TestLedger(t *testing.T) {
	t.Parallel()
	var l Ledger
	var requests []string
	for _, r := range []string{`{}`, `{"custom_id":"a","params":{}}`, ``, strings.Repeat("x", 1000)} {
		with := l.BytesWith(int64(len(r)))
		l.Add(len(r))
		requests = append(requests, r)
		if body := int64(len(Open + strings.Join(requests, ",") + Close)); l.Bytes() != body || with != body || l.Requests != len(requests) {
			t.Errorf("%d requests: got %d and %d bytes, want %d", l.Requests, l.Bytes(), with, body)
		}
	}
	for i, id := range []string{"a", "b", "a"} {
		first, duplicate := l.Note(id, i)
		if want := i % 2; first != want || duplicate != (i == 2) {
			t.Errorf("%s: first noted at %d, duplicate %v", id, first, duplicate)
		}
	}
	l.Next()
	if l.Requests != 0 || l.Bytes() != int64(len(Open+Close)) {
		t.Errorf("the next batch has %d requests, %d bytes", l.Requests, l.Bytes())
	}
	if first, duplicate := l.Note("b", 7); first != 1 || !duplicate {
		t.Error("the next batch may have the custom ID of an earlier one")
	}
}

func TestLedgerChecks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		requests, size int
		count, bytes   string
	}{
		"none":      {0, 0, "1 to 100000 requests, and there are none", ""},
		"one":       {1, 10, "", ""},
		"most":      {MaxRequests, 10, "", ""},
		"too many":  {MaxRequests + 1, 10, "and there are more: split it", ""},
		"largest":   {1, MaxBytes - len(Open+Close), "", ""},
		"too large": {1, MaxBytes - len(Open+Close) + 1, "", "the batch has 256000001 bytes, and 256000000 are allowed: split it"},
	} {
		var l Ledger
		for range tt.requests {
			l.Add(tt.size)
		}
		for _, c := range []struct {
			err  error
			want string
		}{{l.CheckCount(), tt.count}, {l.CheckSize(), tt.bytes}} {
			if (c.err == nil) != (c.want == "") || c.err != nil && !strings.Contains(c.err.Error(), c.want) {
				t.Errorf("%s: got %v, want %q", name, c.err, c.want)
			}
		}
	}
}
