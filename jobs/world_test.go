package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// errDead is the error of all actions of a program after it has died.
var errDead = errors.New("the program is dead")

// A fuse kills a program at a point: the nth time that it reaches the point with a name.
type fuse struct {
	mu     sync.Mutex
	at     point
	seen   map[string]int
	points []point // points reached, in order
	dead   bool
	die    func() // called at the death of the program
	meets  func(name string) (dies bool, stops time.Duration)
}

// A point is a place where a program may die.
type point struct {
	name string
	n    int // from 1; 0 means never
}

func (p point) String() string { return fmt.Sprintf("%s #%d", p.name, p.n) }

func newFuse(at point) *fuse { return &fuse{at: at, seen: make(map[string]int), die: func() {}} }

// reach is called at each point. It returns errDead if the program is dead.
func (f *fuse) reach(name string) error {
	dies := false
	if f.meets != nil {
		var stops time.Duration
		dies, stops = f.meets(name)
		_ = sleep(context.Background(), stops)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return errDead
	}
	f.seen[name]++
	p := point{name, f.seen[name]}
	f.points = append(f.points, p)
	if p == f.at || dies {
		f.dead = true
		f.die()
		return errDead
	}
	return nil
}

// caller returns the function of the package, not of its tests, that contains a point.
func caller() string {
	var pcs [40]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for more := true; more; {
		var f runtime.Frame
		f, more = frames.Next()
		name := f.Function[strings.LastIndexByte(f.Function, '/')+1:]
		if strings.HasPrefix(name, "jobs.") && !strings.HasSuffix(f.File, "_test.go") && !strings.Contains(name, "jobs.guard") &&
			!strings.Contains(name, "jobs.(*engine).update") && !strings.Contains(name, "jobs.(*engine).mine") && !strings.Contains(name, "jobs.(*blob)") && !strings.Contains(name, "jobs.(*upload)") {
			name, _, _ = strings.Cut(strings.TrimPrefix(name, "jobs."), ".func")
			return name
		}
	}
	return "?"
}

// A fusedStore has points before and after each writing transaction.
type fusedStore struct {
	store.Store
	fuse *fuse
}

func (s fusedStore) Update(ctx context.Context, f func(store.Tx) error) error {
	name := caller()
	if err := s.fuse.reach("before commit of " + name); err != nil {
		return err
	}
	if err := s.Store.Update(ctx, f); err != nil {
		return err
	}
	return s.fuse.reach("after commit of " + name)
}

func (s fusedStore) View(ctx context.Context, f func(store.Tx) error) error {
	s.fuse.mu.Lock()
	dead := s.fuse.dead
	s.fuse.mu.Unlock()
	if dead {
		return errDead
	}
	return s.Store.View(ctx, f)
}

func (s fusedStore) Close() error { return nil }

// A fusedTransport has points at each call, in the bodies of creates and in the bodies of responses.
type fusedTransport struct {
	http.RoundTripper
	fuse *fuse
}

func (t fusedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	op := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/v1/messages/batches")
	if i := strings.Index(op, "/msgbatch_"); i >= 0 {
		op = op[:i] + strings.TrimLeft(op[i+len("/msgbatch_"):], "01fakeABCDEFGHIJKLMNOPQRSTUVWXYZ23456789")
	}
	if err := t.fuse.reach("before " + op); err != nil {
		return nil, err
	}
	if r.Body != nil {
		r = r.Clone(r.Context())
		r.Body = &fusedBody{ReadCloser: r.Body, fuse: t.fuse, name: "body of " + op, size: r.ContentLength, step: 1}
	}
	resp, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if err := t.fuse.reach("response to " + op); err != nil {
		resp.Body.Close()
		return nil, err
	}
	resp.Body = &fusedBody{ReadCloser: resp.Body, fuse: t.fuse, name: "response body of " + op, size: -1, step: 1}
	return resp, nil
}

// A fusedBody has points before its first bytes, in the middle, before its last byte, and after it.
type fusedBody struct {
	io.ReadCloser
	fuse *fuse
	name string
	size int64
	at   int64
	step int
}

func (b *fusedBody) Read(p []byte) (int, error) {
	most := int64(len(p))
	place := ""
	switch {
	case b.at == 0:
		place, most = "start", 1
	case b.size > 0 && b.at < b.size/2:
		most = b.size/2 - b.at
	case b.size > 0 && b.at == b.size/2:
		place, most = "middle", b.size-1-b.at
	case b.size > 0 && b.at == b.size-1:
		place = "last byte"
	case b.size > 0 && b.at < b.size-1:
		most = b.size - 1 - b.at
	}
	if place != "" {
		if err := b.fuse.reach(b.name + ", " + place); err != nil {
			return 0, err
		}
	}
	n, err := b.ReadCloser.Read(p[:min(most, int64(len(p)))])
	b.at += int64(n)
	if err == io.EOF {
		if dead := b.fuse.reach(b.name + ", end"); dead != nil {
			return n, dead
		}
	}
	return n, err
}

// A world is a service, and the parts of a machine that survive its programs.
type world struct {
	t       *testing.T
	service *batchtest.Service
	disk    *memDisk
	store   store.Store
	options Options
	timing  timing
	clock   func() clock
	boot    string // boot of the machine that last ran the job, by default this one
	events  []Event
}

const worldInput = "/input.jsonl"

// newWorld returns a world with an input of n requests. Requests such as "flaky 1" fail temporarily once.
func newWorld(t *testing.T, n int, s store.Store, o Options, faults ...batchtest.Option) *world {
	w := &world{t: t, disk: newMemDisk(), store: s, options: o, timing: realTiming, clock: newClock}
	w.service = batchtest.New(t, append([]batchtest.Option{batchtest.WithDuration(3 * time.Minute)}, faults...)...)
	var b strings.Builder
	for i := range n {
		id := fmt.Sprintf("steady %d", i)
		if i%5 == 3 {
			id = fmt.Sprintf("flaky %d", i)
		}
		b.WriteString(requestLine(id))
	}
	w.disk.put(worldInput, b.String())
	seen := make(map[string]bool)
	w.service.AnswerAll(func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		text := said(r)
		if strings.Contains(text, "flaky") && !seen[text] {
			seen[text] = true
			return batchtest.Errored(&gen.BetaOverloadedError{Message: "Overloaded."})(r)
		}
		return batchtest.Text(text)(r)
	})
	w.options.OnEvent = func(e Event) { w.events = append(w.events, e) }
	return w
}

// said returns the text of the user in a request.
func said(r *gen.BetaMessageBatchIndividualRequestParams) string {
	return string(r.Params.Messages[0].(*client.UserMessage).Content.(client.TextContent))
}

// live runs the job in a program with a fuse until the program ends.
func (w *world) live(f *fuse) (*Report, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*24*time.Hour)
	defer cancel()
	f.die = cancel
	w.disk.before = func(op string) error { return f.reach("before " + op + " in " + caller()) }
	w.disk.after = func(op string) error { return f.reach("after " + op + " in " + caller()) }
	j, err := w.open(ctx, f)
	if err != nil {
		return nil, err
	}
	c := w.service.Client(client.WithHTTPClient(&http.Client{Transport: fusedTransport{w.service.HTTPClient().Transport, f}}))
	r, err := j.Run(ctx, c, Lines(worldInput))
	if err != nil {
		return nil, err
	}
	return r, j.Verify(ctx)
}

// open opens the job in a program with a fuse.
func (w *world) open(ctx context.Context, f *fuse) (*Job, error) {
	j := &Job{dir: "/job", options: w.options, disk: w.disk, store: fusedStore{w.store, f}, timing: w.timing, clock: w.clock()}
	var record lockRecord
	err := w.store.View(w.t.Context(), func(tx store.Tx) error {
		ids, err := tx.Jobs()
		if err != nil || len(ids) == 0 {
			return err
		}
		row, err := tx.Job(ids[0])
		if err == nil {
			record = lockRecord{Runs: row.Runs, Boot: cmp.Or(w.boot, bootID())}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return j, j.begin(ctx, record)
}

// check checks that the job is done and that nothing was accepted twice.
func (w *world) check(r *Report, requests int64) error {
	if r.Requests != requests || r.Answered != requests || len(r.Duplicates) > 0 {
		return fmt.Errorf("report %+v", *r)
	}
	return errors.Join(w.duplicates(), w.complete(r.Output))
}

// duplicates returns an error if the service accepted a request twice in one round.
func (w *world) duplicates() error {
	accepted := make(map[string]int)
	for _, b := range w.service.Batches() {
		for _, r := range w.service.Requests(b.ID) {
			id, ok := parseWireID(r.CustomID)
			if !ok {
				continue // a foreign batch
			}
			key := fmt.Sprintf("request %d, round %d", id.line, id.round)
			if accepted[key]++; accepted[key] > 1 {
				return fmt.Errorf("the service accepted %s twice", key)
			}
		}
	}
	return nil
}

// complete checks that the output has each answer at its position.
func (w *world) complete(output string) error {
	want, got := w.disk.now[worldInput].data, w.disk.now[output].data
	ids, results := strings.Split(strings.TrimSpace(string(want)), "\n"), strings.Split(strings.TrimSpace(string(got)), "\n")
	if len(ids) != len(results) {
		return fmt.Errorf("%d results for %d requests", len(results), len(ids))
	}
	for i, line := range results {
		item := client.ParseItem([]byte(line), i+1)
		from := client.ParseItem([]byte(ids[i]), i+1)
		if item.CustomID != from.CustomID || item.Text() != "Say "+from.CustomID {
			return fmt.Errorf("result %d is %s", i, line)
		}
	}
	return nil
}
