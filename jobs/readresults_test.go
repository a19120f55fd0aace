package jobs

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A resultCount counts what ReadResults yields.
type resultCount struct {
	finals, rejectedAgain, failedAgain int64
	raw                                []string // JSON of the final results
}

// countResults reads the results of a job, and checks their order.
func countResults(t *testing.T, dir string) (n resultCount) {
	t.Helper()
	before := StoredResult{Index: -1}
	for r, err := range ReadResults(t.Context(), dir) {
		if err != nil {
			t.Error(err)
			return n
		}
		if r.Index < before.Index || r.Index == before.Index && r.Round <= before.Round {
			t.Errorf("request %d, round %d comes after request %d, round %d", r.Index, r.Round, before.Index, before.Round)
		}
		if r.Index == before.Index && (before.Final && r.Final || !before.Again) {
			t.Errorf("request %d: round %d is %+v, followed by %+v", r.Index, before.Round, before, *r)
		}
		before = *r
		switch {
		case r.Again && r.Kind == ResultRejected:
			n.rejectedAgain++
		case r.Again:
			n.failedAgain++
		}
		if r.Final {
			n.finals++
			n.raw = append(n.raw, string(r.Item.Raw))
		}
	}
	return n
}

// TestReadResults reads the results of a job from its directory, whenever a batch was collected and at the end.
func TestReadResults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := batchtest.New(t, batchtest.WithDuration(31*time.Minute), batchtest.WithExpired(0.3), batchtest.WithTruncated(0.2), batchtest.WithSeed(3))
		dir := filepath.Join(t.TempDir(), "a.job")
		looked := 0
		o := Options{MaxRequests: 20, Accept: AcceptComplete, OnEvent: func(e Event) {
			if e.Kind != EventCollected {
				return
			}
			looked++
			least, err1 := Inspect(t.Context(), dir)
			finals := countResults(t, dir).finals
			most, err2 := Inspect(t.Context(), dir) // more results may be collected meanwhile
			if err := errors.Join(err1, err2); err != nil || finals < least.Settled || finals > most.Settled {
				t.Errorf("%d final results; before: %+v, after: %+v; %v", finals, least, most, err)
			}
			if r, err := ReadReport(t.Context(), dir); !errors.Is(err, ErrNotDone) {
				t.Errorf("a report before the end: %+v, %v", r, err)
			}
		}}
		j, err := Open(t.Context(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		report, err := j.Run(t.Context(), service.Client(), Lines(writeInput(t, 60)))
		if err != nil {
			t.Fatal(err)
		}
		if outside, err := ReadReport(t.Context(), dir); err != nil || cmp.Diff(report, outside) != "" {
			t.Errorf("ReadReport: %+v, %v", outside, err)
		}
		var output []string
		for item, err := range j.Results(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			output = append(output, string(item.Raw))
		}
		got := countResults(t, dir)
		if diff := cmp.Diff(output, got.raw); diff != "" || got.finals != report.Requests {
			t.Errorf("%d final results, %+v\n%s", got.finals, report, diff)
		}
		if got.rejectedAgain != report.Reasked || got.failedAgain != report.Retried || report.Reasked < 5 || report.Retried < 5 || looked < 4 {
			t.Errorf("%d and %d resent, %+v; read %d times", got.rejectedAgain, got.failedAgain, report, looked)
		}
		for range ReadResults(t.Context(), dir) {
			break
		}
		if _, err := j.Prune(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		for r, err := range ReadResults(t.Context(), dir) {
			if r != nil || !errors.Is(err, ErrPruned) {
				t.Errorf("a job that was pruned: %+v, %v", r, err)
			}
		}
	})
}
