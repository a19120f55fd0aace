package jobs

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// An explorer walks through all states that a job can reach. It uses the real steps and the real store, one or two owners,
// and a service that does whatever the protocol assumes that it may do.
type explorer struct {
	t *testing.T
	exploration

	disk   *memDisk
	about  description
	client *client.Client
	say    func(format string, args ...any) // logs what happens, if wanted

	width   int // number of states of the same distance from which it continues; 0 is all
	most    int // maximum attempts of a batch
	timing  timing
	run     *run         // the run in progress
	failure string       // failure of the current check
	failed  *atomic.Bool // an exploration has failed: the others need not continue
	buf     []byte
	ending  map[uint64]bool // states from which the job ends
}

// An exploration defines which states are explored.
type exploration struct {
	name         string
	owners, rows int
	alone        bool  // one program at a time, by a lock; otherwise with leases
	reorder      bool  // batches may be listed in another order than that of acceptance
	whole        bool  // states also differ if they differ in data that no step reads
	fine         bool  // others may also act between two reads of a step
	coarse       bool  // steps stop only at bodies, at their last bytes, and at responses
	behind       int   // ticks by which the second owner's clock is behind
	limit        int64 // of waiting requests
	margin       int   // in ticks
	onDoubt      OnDoubt
	left         budget
	from         func(*explorer, *state) *state // returns the first state, if it is not that of begin
}

func (x *explorer) fail(format string, args ...any) {
	if x.failure == "" {
		x.failure = fmt.Sprintf(format, args...)
	}
}

// noBlobs stores nothing.
type noBlobs struct{}

func (noBlobs) Create(context.Context) (store.Upload, error) { return noBlobs{}, nil }
func (noBlobs) Open(context.Context, string, int64) (io.ReadCloser, error) {
	return nil, os.ErrNotExist
}
func (noBlobs) Delete(context.Context, string) error { return nil }
func (noBlobs) Write(p []byte) (int, error)          { return len(p), nil }
func (noBlobs) Commit(string) error                  { return nil }
func (noBlobs) Abort()                               {}

// begin returns the first state: a job that is divided into batches of one request each.
func (x *explorer) begin() *state {
	x.disk, x.timing, x.most = newMemDisk(), exploredTiming(x.margin), 2
	text := ""
	for i := range x.rows {
		text += requestLine(fmt.Sprintf("request %d", i))
	}
	x.disk.put(worldInput, text)
	x.say = func(string, ...any) {}
	x.ending = make(map[uint64]bool)
	s := &state{store: store.NewMemory(), lives: make([]int, x.owners), actors: make([]actor, x.owners*x.slots()), left: x.left}
	options := Options{MaxRequests: 1, WithoutPreflight: true}
	x.about = description{Format: 1, ID: exploredJob, Options: options.kept()}
	j := &Job{dir: "/job", options: options, disk: x.disk, store: s.store, blobs: noBlobs{}, timing: x.timing, clock: newClock(), about: x.about}
	err := s.store.Update(x.t.Context(), func(tx store.Tx) error {
		return tx.PutJob(&store.Job{ID: exploredJob, State: store.Running, NextSeq: 1})
	})
	if err == nil {
		err = j.plan(x.t.Context(), worldInput)
	}
	if err == nil && x.limit > 0 {
		err = s.store.Update(x.t.Context(), func(tx store.Tx) error { return tx.PutLimit(store.Limit{Requests: x.limit}) })
	}
	if err == nil {
		x.client, err = client.New(client.WithAPIKey("sk-test-0123456789"), client.WithBaseURL("https://explored.invalid"), client.WithHTTPClient(&http.Client{Transport: x}),
			client.WithRetry(client.Retry{MaxAttempts: 1}))
	}
	if err != nil {
		x.t.Fatal(err)
	}
	if batches, _ := x.rowsOf(s); len(batches) != x.rows {
		x.t.Fatalf("%d batches", len(batches))
	}
	return s
}

// A found is how a state was reached.
type found struct {
	from int32
	by   move
}

// explore walks through the states, nearest first. If there are too many at the same distance, it continues from some of
// them.
func (x *explorer) explore() {
	type open struct {
		s  *state
		at int32
	}
	began := time.Now()
	first := x.begin()
	if x.from != nil {
		first = x.from(x, first)
	}
	first.left = x.left
	seen := map[uint64]bool{first.sum(x): true}
	all := []found{{from: -1}}
	moves, ends, late, left, depth := 0, 0, 0, 0, 0
	for queue := []open{{first, 0}}; len(queue) > 0; depth++ {
		var next []open
		reached := 0
		for i, o := range queue {
			queue[i].s = nil // allow garbage collection
			if x.failed.Load() {
				return
			}
			for _, m := range x.moves(o.s) {
				to := x.apply(o.s, m)
				moves++
				if x.failure == "" {
					sum := to.sum(x)
					if seen[sum] {
						continue
					}
					seen[sum] = true
				}
				all = append(all, found{o.at, m})
				x.check(to)
				if x.over(to) {
					ends++
					x.settle(to)
				} else if len(all)%16 == 0 {
					x.ends(to)
				}
				if x.failure != "" {
					x.report(first, all)
					return
				}
				if slices.ContainsFunc(to.service.batches, func(b sentBatch) bool { return b.exposed }) {
					late++
				}
				one := open{to, int32(len(all) - 1)}
				if reached++; x.width == 0 || len(next) < x.width {
					next = append(next, one)
				} else if at := rand.IntN(reached); at < x.width {
					next[at] = one
				}
			}
		}
		left += reached - len(next)
		queue = next
	}
	x.t.Logf("%s: %d states, of which %d were not continued; %d moves deep, %d moves, %d ends; in %d states a batch came too late; %v",
		x.name, len(all), left, depth, moves, ends, late, time.Since(began).Round(time.Second/10))
}

// report fails the test, and shows how the last state was reached.
func (x *explorer) report(first *state, all []found) {
	var moves []move
	for at := int32(len(all) - 1); all[at].from >= 0; at = all[at].from {
		moves = append(moves, all[at].by)
	}
	slices.Reverse(moves)
	x.failed.Store(true)
	failure := x.failure
	x.t.Errorf("%s: after %d states and %d moves: %s%s", x.name, len(all), len(moves), failure, x.trace(first, moves))
}

// to advances an actor until its next reach is of a kind.
func (x *explorer) to(s *state, i int, kind string) *state {
	for s.actors[i].next == nil || s.actors[i].next.kind != kind {
		s = x.apply(s, move{moveStep, uint8(i), 0})
	}
	return s
}

// inDoubt sends the creates of all batches and loses the responses.
func inDoubt(x *explorer, s *state) *state {
	for i := range x.rows {
		s = x.apply(x.to(s, i, "response"), move{moveStep, uint8(i), 1})
		s = x.apply(s, move{moveStep, uint8(i), 0})
	}
	return s
}

// suspended stops the second owner after the fence of a create, before the last bytes.
func suspended(x *explorer, s *state) *state { return x.to(s, x.slots(), "write") }

// TestExplore walks through what can happen to jobs. JOBS_EXPLORE is the number of states of the same distance from which it
// continues, or "all".
func TestExplore(t *testing.T) {
	t.Parallel()
	width := 25
	switch text := os.Getenv("JOBS_EXPLORE"); text {
	case "":
	case "all":
		width = 0
	default:
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		width = n
	}
	failed, turns := new(atomic.Bool), make(chan struct{}, 2) // two at a time, because each needs much memory
	for _, e := range explorations() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			turns <- struct{}{}
			defer func() { <-turns }()
			x := &explorer{t: t, exploration: e, width: width, failed: failed}
			x.explore()
		})
	}
}

const endless = -1

// explorations returns small worlds, each with a feature that the others do not have. Some begin in a later state, because
// too many states come before it.
func explorations() []exploration {
	free := budget{kills: endless, losses: endless, ticks: endless}
	with := func(change func(*budget)) budget {
		b := free
		change(&b)
		return b
	}
	foreign := with(func(b *budget) { b.foreign = 1 })
	return []exploration{
		{name: "one owner, one batch", owners: 1, rows: 1, alone: true, margin: 2, reorder: true, left: foreign},
		{name: "one owner, one batch, read by read", owners: 1, rows: 1, alone: true, margin: 1, fine: true, left: foreign},
		{name: "one owner, two batches, step by step", owners: 1, rows: 2, alone: true, margin: 1, coarse: true, left: foreign},
		{name: "one owner, two batches in doubt, step by step", owners: 1, rows: 2, alone: true, margin: 1, coarse: true, from: inDoubt, left: foreign},
		{name: "two owners, one batch, step by step", owners: 2, rows: 1, margin: 2, coarse: true, left: with(func(b *budget) { b.foreign, b.late, b.renewals = 1, 1, 2 })},
		{name: "two owners, one batch, a clock is behind, step by step", owners: 2, rows: 1, margin: 1, behind: 3, coarse: true, left: foreign},
		{name: "two owners, two batches, step by step", owners: 2, rows: 2, margin: 1, coarse: true, left: foreign},
		{name: "one owner, nobody dies", owners: 1, rows: 1, alone: true, margin: 1, whole: true, left: budget{losses: 1, ticks: endless}},
		{name: "one owner, two batches", owners: 1, rows: 2, alone: true, margin: 1, left: free},
		{name: "one owner, two batches in doubt", owners: 1, rows: 2, alone: true, margin: 1, from: inDoubt, left: foreign},
		{name: "one owner, two batches, one may wait", owners: 1, rows: 2, alone: true, margin: 1, limit: 1, left: with(func(b *budget) { b.refusals = 1 })},
		{name: "one owner, a person cancels", owners: 1, rows: 1, alone: true, margin: 1, left: with(func(b *budget) { b.cancels = 1 })},
		{name: "one owner, a person cancels, lists omit a batch", owners: 1, rows: 1, alone: true, margin: 1, coarse: true, from: inDoubt, left: with(func(b *budget) { b.cancels, b.omissions = 1, 2 })},
		{name: "one owner, one list omits a batch", owners: 1, rows: 1, alone: true, margin: 1, left: with(func(b *budget) { b.omissions = 1 })},
		{name: "one owner, sends again at once", owners: 1, rows: 1, alone: true, margin: 1, onDoubt: Resend, left: free},
		{name: "two owners, one batch", owners: 2, rows: 1, margin: 1, left: with(func(b *budget) { b.renewals = 2 })},
		{name: "two owners, one batch, a clock is behind", owners: 2, rows: 1, margin: 1, behind: 3, left: free},
		{name: "two owners, one of them suspended", owners: 2, rows: 1, margin: 1, from: suspended, left: with(func(b *budget) { b.late = 1 })},
		{name: "two owners, two batches", owners: 2, rows: 2, margin: 1, reorder: true, left: foreign},
		{name: "two owners, two batches in doubt", owners: 2, rows: 2, margin: 1, from: inDoubt, reorder: true, left: foreign},
	}
}
