package jobs

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// inWorld runs a test in a world of one batch of 3 requests.
func inWorld(t *testing.T, f func(t *testing.T, w *world), options ...batchtest.Option) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3, store.NewMemory(), Options{}, options...)
		f(t, w)
		if t.Failed() {
			for _, e := range w.events {
				t.Log(e.At.Format("02 15:04:05"), e.Kind, e.Seq, e.BatchID, e.Text)
			}
		}
	})
}

// finish runs the job to its end and checks it.
func (w *world) finish() *Report {
	w.t.Helper()
	r, err := w.live(newFuse(point{}))
	if err == nil {
		err = w.check(r, 3)
	}
	if err != nil {
		w.t.Error(err)
		return new(Report)
	}
	return r
}

// kinds returns the number of events of a kind.
func (w *world) kinds(kind EventKind) (n int) {
	for _, e := range w.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// die runs the job in a program that must die at a point.
func (w *world) die(at point) {
	w.t.Helper()
	f := newFuse(at)
	if _, err := w.live(f); !f.dead {
		w.t.Fatalf("the program did not die at %v: %v", at, err)
	}
}

// afterFence is a point after the fence: the service accepts the batch although the program dies there.
var afterFence = point{"response to POST ", 1}

// TestLostResponse: the program dies between the fence and the recording of the response.
func TestLostResponse(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.die(afterFence)
		w.finish()
		if w.kinds("doubt") != 1 || w.kinds("none") != 0 || len(w.service.Batches()) != 1 {
			t.Errorf("%d doubts, %d resent, %d batches", w.kinds("doubt"), w.kinds("none"), len(w.service.Batches()))
		}
	})
}

// TestCutUpload: the program is killed in the middle of an upload. The batch is resent at once.
func TestCutUpload(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		began := time.Now()
		w.die(point{"before commit of (*engine).fence", 1})
		w.finish()
		if took := time.Since(began); w.kinds("unsent") != 1 || w.kinds("doubt") != 0 || took > 10*time.Minute {
			t.Errorf("it took %v, with %d doubts", took, w.kinds("doubt"))
		}
	})
}

// TestNothingAccepted: the body was sent, but never arrived.
func TestNothingAccepted(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		began := time.Now()
		w.die(point{"body of POST , last byte", 1})
		w.finish()
		if took := time.Since(began); w.kinds("none") != 1 || took < 50*time.Minute || took > 70*time.Minute {
			t.Errorf("it was resent after %v", took)
		}
	})
}

// TestAcceptedLate: the service accepts the batch 29 minutes after the program died, and lists it 9 minutes later.
func TestAcceptedLate(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.service.Inject(batchtest.Create, batchtest.DropThenAct(29*time.Minute))
		w.finish()
		if w.kinds("none") != 0 || len(w.service.Batches()) != 1 {
			t.Errorf("%d batches", len(w.service.Batches()))
		}
	}, batchtest.WithListLag(9*time.Minute))
}

// TestAcceptedTooLate: the service lists the batch an hour after the program has sent it, which is later than a job waits.
// The response to the next attempt is lost too, and it created none: the batch of the first one is taken, and nothing is
// sent a third time.
func TestAcceptedTooLate(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.service.Inject(batchtest.Create, batchtest.DropThenAct(50*time.Minute), batchtest.DropBefore())
		w.finish()
		if w.kinds("none") != 1 || w.kinds("spare") != 1 || len(w.service.Batches()) != 1 {
			t.Errorf("%d attempts without a batch, %d spares, %d batches", w.kinds("none"), w.kinds("spare"), len(w.service.Batches()))
		}
	}, batchtest.WithListLag(10*time.Minute))
}

// TestListOmits: the service accepts the batch 29 minutes after the program died, lists it 10 minutes later, and then omits
// it for 4 minutes. One list does not show the batch, and a later one does.
func TestListOmits(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.service.Inject(batchtest.Create, batchtest.DropThenAct(29*time.Minute+30*time.Second))
		w.finish()
		if w.kinds("none") != 0 || len(w.service.Batches()) != 1 {
			t.Errorf("%d batches", len(w.service.Batches()))
		}
	}, batchtest.WithListLag(14*time.Minute))
}

// TestListLag: lists show batches late, and Get does not find them for minutes.
func TestListLag(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.die(afterFence)
		w.finish()
		if len(w.service.Batches()) != 1 {
			t.Errorf("%d batches", len(w.service.Batches()))
		}
	}, batchtest.WithListLag(9*time.Minute), batchtest.WithGetLag(9*time.Minute))
}

// TestForeignBatches: other programs create batches of the same size. They are read and refuted, but never canceled.
func TestForeignBatches(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]point{"accepted": afterFence, "not accepted": {"body of POST , last byte", 1}} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.service.Seed(3, time.Now().Add(-21*time.Hour)) // it has ended, because the sizes of running batches are avoided
				w.die(from)
				for range 3 {
					w.service.Seed(3, time.Time{})
				}
				r := w.finish()
				if calls := w.service.Calls(batchtest.Cancel); len(calls) > 0 {
					t.Errorf("%d batches were canceled", len(calls))
				}
				if w.kinds("foreign") == 0 || r.Batches != 1 {
					t.Errorf("%d batches were refuted; report %+v", w.kinds("foreign"), r)
				}
			}, batchtest.WithDuration(20*time.Hour))
		})
	}
}

// TestRunningForeignBatch: a foreign batch of the same size runs for 20 hours. Ours is not resent before the results of that
// batch have been read.
func TestRunningForeignBatch(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.die(point{"body of POST , last byte", 1})
		w.service.Seed(3, time.Time{})
		began := time.Now()
		w.finish()
		creates := w.service.Calls(batchtest.Create)
		if again := creates[len(creates)-1].Time; again.Sub(began) < 19*time.Hour {
			t.Errorf("it was resent after %v", again.Sub(began))
		}
	}, batchtest.WithDuration(20*time.Hour))
}

// TestOtherWorkspace: the key of another workspace is refused, with both names, and nothing is sent.
func TestOtherWorkspace(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.die(afterFence)
		creates := len(w.service.Calls(batchtest.Create))
		f := newFuse(point{})
		j, err := w.open(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		c := w.service.Client(client.WithWorkspace("wrkspc_b"))
		_, err = j.Run(t.Context(), c, Lines(worldInput))
		var stranger *StrangerError
		if !errors.As(err, &stranger) || stranger.Workspace != "wrkspc_b" || stranger.JobWorkspace != "wrkspc_a" {
			t.Errorf("got %v", err)
		}
		if len(w.service.Calls(batchtest.Create)) != creates {
			t.Error("a batch was sent")
		}
		w.finish()
	}, batchtest.WithKey("key", "wrkspc_a", "wrkspc_b"))
}

// TestKeyRevoked: the job pauses with the reason, and continues with a new key.
func TestKeyRevoked(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.service.Inject(batchtest.Create, batchtest.Times(3, batchtest.Fail(401, "authentication_error", "invalid x-api-key"))...)
		_, err := w.live(newFuse(point{}))
		var paused *PausedError
		if !errors.As(err, &paused) || !strings.Contains(paused.Why, "invalid x-api-key") {
			t.Errorf("got %v", err)
		}
		w.finish()
	})
}

// TestQueueFull: after a 429 the limit is lowered and the batch is resent.
func TestQueueFull(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.service.Inject(batchtest.Create, batchtest.Times(2, batchtest.Fail(429, "rate_limit_error", "queue full", "retry-after", "30"))...)
		w.finish()
		if w.kinds("refused") != 2 || w.kinds("paused") != 0 {
			t.Errorf("%d refusals, %d pauses", w.kinds("refused"), w.kinds("paused"))
		}
	})
}

// TestCanceledElsewhere: a person cancels our batch on the server. Its canceled results are final.
func TestCanceledElsewhere(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		time.AfterFunc(time.Minute, func() {
			if _, err := w.service.Client().Cancel(t.Context(), w.service.Batches()[0].ID); err != nil {
				t.Error(err)
			}
		})
		r, err := w.live(newFuse(point{}))
		if err != nil || r.Failed != 3 || r.Rounds != 1 {
			t.Errorf("got %+v, %v", r, err)
		}
	}, batchtest.WithDuration(10*time.Hour))
}

// TestExpired: requests that expire are resent, up to three attempts in all, and then given up.
func TestExpired(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		r, err := w.live(newFuse(point{}))
		if err != nil || r.Failed != 3 || r.Rounds != 3 || r.Batches != 3 {
			t.Errorf("got %+v, %v", r, err)
		}
		if err := w.duplicates(); err != nil {
			t.Error(err)
		}
	}, batchtest.WithDuration(30*24*time.Hour))
}

// TestBatchDeleted: a person deletes a batch of ours. The batch was paid for, so it is reported and not resent.
func TestBatchDeleted(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.service.Inject(batchtest.Results, batchtest.Times(1000, batchtest.Fail(404, "not_found_error", "no such batch"))...)
		defer w.service.StopFaults()
		w.service.Inject(batchtest.Get, batchtest.Times(1000, batchtest.Fail(404, "not_found_error", "no such batch"))...)
		r, err := w.live(newFuse(point{}))
		if err != nil || r.Missing != 3 || r.Batches != 1 || w.kinds("gone") != 1 {
			t.Errorf("got %+v, %v", r, err)
		}
		if len(w.service.Batches()) != 1 {
			t.Errorf("%d batches", len(w.service.Batches()))
		}
	})
}

// TestMissingForMinutes: a batch that was just created is not found for a while.
func TestMissingForMinutes(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) { w.finish() }, batchtest.WithGetLag(25*time.Minute))
}

// TestPartDamaged: a part is damaged or lost before the results are merged. The results are read again.
func TestPartDamaged(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(w *world, part string){
		"changed": func(w *world, part string) { w.disk.now[part].data[10]++ },
		"cut":     func(w *world, part string) { w.disk.now[part].data = w.disk.now[part].data[:20] },
		"empty":   func(w *world, part string) { w.disk.now[part].data = nil },
		"lost":    func(w *world, part string) { delete(w.disk.now, part) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.die(point{"before create in writeFile", 4}) // job.json three times, then the output
				part := ""
				for file := range w.disk.now {
					if strings.Contains(file, "/parts/") {
						part = file
					}
				}
				damage(w, part)
				w.finish()
				if w.kinds("damaged") != 1 {
					t.Errorf("%d parts were damaged", w.kinds("damaged"))
				}
			})
		})
	}
}

// TestLittleDisk: nothing is sent while there is little free disk space.
func TestLittleDisk(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.disk.free = 1 << 20
		time.AfterFunc(time.Hour, func() {
			if n := len(w.service.Calls(batchtest.Create)); n > 0 {
				t.Errorf("%d creates with little free disk space", n)
			}
			w.disk.mu.Lock()
			w.disk.free = 1 << 40
			w.disk.mu.Unlock()
		})
		w.finish()
	})
}

// TestClocks: the wall clock is changed, in both directions, while a batch is looked for. The batch is neither resent early
// nor lost.
func TestClocks(t *testing.T) {
	t.Parallel()
	for name, jump := range map[string]time.Duration{"forward": 5 * time.Hour, "back": -5 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.service.Inject(batchtest.Create, batchtest.DropThenAct(25*time.Minute))
				began := time.Now()
				w.clock = func() clock {
					c := newClock()
					right := c.wall
					c.wall = func() time.Time {
						if now := right(); now.Sub(began) > time.Minute {
							return now.Add(jump)
						}
						return right()
					}
					return c
				}
				w.finish()
				if len(w.service.Batches()) != 1 {
					t.Errorf("%d batches", len(w.service.Batches()))
				}
			}, batchtest.WithDateOffset(-3*time.Hour))
		})
	}
}

// TestSleepingMachine: the monotonic clock stops while a machine sleeps. That time does not count.
func TestSleepingMachine(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.die(point{"body of POST , last byte", 1})
		began := time.Now()
		w.clock = func() clock {
			c := newClock()
			since := c.since
			c.since = func() time.Duration { // it sleeps 50 of every 60 minutes
				d := since()
				return d.Truncate(time.Hour)/6 + min(d-d.Truncate(time.Hour), 10*time.Minute)
			}
			return c
		}
		w.finish()
		creates := w.service.Calls(batchtest.Create)
		if took := creates[len(creates)-1].Time.Sub(began); took < 3*time.Hour {
			t.Errorf("it was resent after %v, mostly asleep", took)
		}
	})
}

// TestLateResponse: the response arrives after the batch has been planned again, because the list did not show the batch in
// time, which is one of the exceptions. The batch is kept, and nothing is sent twice.
func TestLateResponse(t *testing.T) {
	t.Parallel()
	s := store.NewMemory()
	err := s.Update(t.Context(), func(tx store.Tx) error {
		return errors.Join(
			tx.PutBatch(&store.Batch{Job: "j", Seq: 1, State: store.Planned, Attempt: 1, Requests: 3}),
			tx.PutAttempt(&store.Attempt{Job: "j", Seq: 1, N: 1, Nonce: "a", Fenced: time.Now(), Outcome: store.None}),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(t.Context(), func(tx store.Tx) error {
		role, err := prove(tx, "j", 1, 1, evidence{batchID: "b", named: true})
		if role != store.Ours {
			t.Errorf("role is %s", role)
		}
		b, err2 := tx.Batch("j", 1)
		if err2 == nil && (b.State != store.Proven || b.BatchID != "b") {
			t.Errorf("batch %+v", b)
		}
		return errors.Join(err, err2)
	})
	if err != nil {
		t.Error(err)
	}
}
