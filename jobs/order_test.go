package jobs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// inOrderDone runs a test in a world whose job has 7 requests in batches of 3, one of which is resent.
func inOrderDone(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t, newWorld(t, 7, store.NewMemory(), Options{MaxRequests: 3, Order: OrderDone}))
	})
}

// written returns the custom IDs in the output, in order.
func (w *world) written() (ids []string) {
	w.disk.mu.Lock()
	defer w.disk.mu.Unlock()
	if f := w.disk.now["/job/"+outputName]; f != nil {
		for line := range strings.Lines(string(f.data)) {
			ids = append(ids, client.ParseItem([]byte(line), 0).CustomID)
		}
	}
	return ids
}

// checkSet checks that the output has each answer exactly once.
func (w *world) checkSet(r *Report) error {
	if r.Requests != 7 || r.Answered != 7 || r.Retried != 1 || len(r.Duplicates) > 0 {
		return fmt.Errorf("report %+v", *r)
	}
	ids := w.written()
	slices.Sort(ids)
	if want := []string{"flaky 3", "steady 0", "steady 1", "steady 2", "steady 4", "steady 5", "steady 6"}; !slices.Equal(ids, want) {
		return fmt.Errorf("the output has %v", ids)
	}
	return w.duplicates()
}

// TestOrderDone reads the output while the job runs: it grows, and results of resent requests come last.
func TestOrderDone(t *testing.T) {
	t.Parallel()
	inOrderDone(t, func(t *testing.T, w *world) {
		early := make(chan []string, 1)
		time.AfterFunc(5*time.Minute, func() { early <- w.written() })
		r, err := w.live(newFuse(point{}))
		if err == nil {
			err = w.checkSet(r)
		}
		if err != nil {
			t.Fatal(err)
		}
		meanwhile, all := <-early, w.written()
		if len(meanwhile) != 6 || !slices.Equal(meanwhile, all[:6]) || all[6] != "flaky 3" {
			t.Errorf("after five minutes the output has %v, and at the end %v", meanwhile, all)
		}
		if w.disk.now["/job/"+progressName] != nil {
			t.Error("the progress was not removed")
		}
	})
}

// TestOrderDoneMeanwhile: batches are collected while the output is opened. Results whose requests are resent are not
// written yet.
func TestOrderDoneMeanwhile(t *testing.T) {
	t.Parallel()
	inOrderDone(t, func(t *testing.T, w *world) {
		f := newFuse(point{})
		f.meets = func(name string) (bool, time.Duration) {
			if name == "before append in (*Job).appendTo" {
				return false, time.Hour
			}
			return false, 0
		}
		r, err := w.live(f)
		if err == nil {
			err = w.checkSet(r)
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// TestOrderDoneCrash kills a program at every write to the output.
func TestOrderDoneCrash(t *testing.T) {
	t.Parallel()
	crash := func(power bool, p point) (met []point, err error) {
		inOrderDone(t, func(t *testing.T, w *world) {
			if p.n > 0 {
				dies := newFuse(p)
				_, _ = w.live(dies) // this run may reach the point less often
				if power && dies.dead {
					w.disk.losePower()
				}
			}
			f := newFuse(point{})
			r, runErr := w.live(f)
			if met, err = f.points, runErr; err == nil {
				err = w.checkSet(r)
			}
		})
		return met, err
	}
	all, err := crash(false, point{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range all {
		if !strings.Contains(p.name, "stream") && !strings.Contains(p.name, "appendTo") && !strings.Contains(p.name, "writeDone") && !strings.Contains(p.name, "copyPart") && !strings.Contains(p.name, "writeFile") {
			continue
		}
		n++
		for _, power := range []bool{false, true} {
			if _, err := crash(power, p); err != nil {
				t.Errorf("died at %v, loss of power %v: %v", p, power, err)
			}
		}
	}
	t.Logf("%d points", n)
	if n < 20 {
		t.Errorf("only %d of these points: %v", n, all)
	}
}

// dieWriting kills a program that has written the results of two of three batches of the first round to the output.
func (w *world) dieWriting() {
	w.t.Helper()
	w.die(point{"before write in (*Job).stream", 3})
	if len(w.written()) == 0 {
		w.t.Fatal("nothing is written yet")
	}
}

// TestOrderDoneDamage damages the output or a part while the job runs.
func TestOrderDoneDamage(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(w *world){
		"output/cut":       func(w *world) { f := w.disk.now["/job/"+outputName]; f.data = f.data[:10] },
		"output/lost":      func(w *world) { delete(w.disk.now, "/job/"+outputName) },
		"output/longer":    func(w *world) { f := w.disk.now["/job/"+outputName]; f.data = append(f.data, "half a li"...) },
		"progress/lost":    func(w *world) { delete(w.disk.now, "/job/"+progressName) },
		"progress/damaged": func(w *world) { w.disk.put("/job/"+progressName, "{") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inOrderDone(t, func(t *testing.T, w *world) {
				w.dieWriting()
				damage(w)
				r, err := w.live(newFuse(point{}))
				if err == nil {
					err = w.checkSet(r)
				}
				if err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestOrderDoneRebuilt loses the database when a part of the output has been written.
func TestOrderDoneRebuilt(t *testing.T) {
	t.Parallel()
	inOrderDone(t, func(t *testing.T, w *world) {
		w.dieWriting()
		if err := w.lose(); err != nil {
			t.Fatal(err)
		}
		r, err := w.live(newFuse(point{}))
		if err == nil {
			err = w.checkSet(r)
		}
		if err != nil {
			t.Error(err)
		}
	})
}

// TestErrorsFile: results that are not answers are also written to a second file.
func TestErrorsFile(t *testing.T) {
	t.Parallel()
	for _, order := range []Order{OrderInput, OrderDone} {
		t.Run(string(order), func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *world) {
				w.options.Errors, w.options.Order = "/errors.jsonl", order
				w.options.FollowUp.MaxAttempts = 1
				w.service.AnswerAll(func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
					if strings.Contains(said(r), "broken") {
						return batchtest.Errored(&gen.BetaOverloadedError{Message: "Overloaded."})(r)
					}
					return batchtest.Text("x")(r)
				})
				w.disk.put(worldInput, requestLine("steady 0")+requestLine("broken 1")+requestLine("steady 2"))
				r, err := w.live(newFuse(point{}))
				if err != nil || r.Failed != 1 || r.Answered != 2 || r.Errors != "/errors.jsonl" || r.ErrorsSHA256 == "" {
					t.Fatalf("got %+v, %v", r, err)
				}
				item := client.ParseItem([]byte(strings.TrimSpace(string(w.disk.now["/errors.jsonl"].data))), 0)
				if item.CustomID != "broken 1" || item.Err() == nil {
					t.Errorf("the file has %s", w.disk.now["/errors.jsonl"].data)
				}
				w.disk.now["/errors.jsonl"].data = nil
				j, err := w.open(t.Context(), newFuse(point{}))
				if err != nil {
					t.Fatal(err)
				}
				var wrong *VerifyError
				if err := j.Verify(t.Context()); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "errors: ") {
					t.Errorf("without the errors: %v", err)
				}
			})
		})
	}
}

func TestUnknownOrder(t *testing.T) {
	t.Parallel()
	if _, err := Open(t.Context(), t.TempDir()+"/a.job", Options{Order: "x"}); err == nil || !strings.Contains(err.Error(), `order "x"`) {
		t.Errorf("got %v", err)
	}
}
