package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// A progress shows the progress of a run: on a terminal in lines that are redrawn, elsewhere with a line per change, and
// with --json as JSON Lines on standard output.
type progress struct {
	*runCall
	sent func() // called when all requests were sent; may be nil

	mu    sync.Mutex
	lines *liveLines // nil if no lines are redrawn
	last  string
}

func newProgress(r *runCall) *progress {
	p := &progress{runCall: r}
	if r.Live && !r.quiet && !r.json {
		p.lines = newLiveLines(r.Err)
	}
	return p
}

// Intervals at which the status is read.
const (
	lookLive  = 300 * time.Millisecond
	lookPlain = time.Second
)

// watch shows the status of a job until end is called.
func (p *progress) watch(ctx context.Context, j *jobs.Job) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		every := lookPlain
		if p.lines != nil {
			every = lookLive
		}
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				p.look(context.WithoutCancel(ctx), j)
				return
			case <-tick.C:
				p.look(ctx, j)
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

func (p *progress) look(ctx context.Context, j *jobs.Job) {
	st, err := j.Status(ctx)
	if err != nil {
		return // the run reports the error
	}
	s := sumUp(st)
	if c, err := j.Costs(ctx); err == nil {
		s.costs, s.budget = c, p.options.Budget
	}
	p.status(st, s)
}

// end stops redrawing.
func (p *progress) end() {
	if p.lines != nil {
		p.lines.end()
	}
}

// event shows an event.
func (p *progress) event(e jobs.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.json:
		_ = p.WriteJSON(struct {
			Type string `json:"type"`
			jobs.Event
		}{"event", e})
	case p.quiet && !slices.Contains(troubles(), e.Kind):
	case p.lines == nil:
		fmt.Fprintln(p.Err, eventLine(e))
	case !slices.Contains(routine(), e.Kind):
		p.lines.print(eventLine(e))
	}
}

// routine returns the events that the redrawn lines already show in their counts.
func routine() []jobs.EventKind {
	return []jobs.EventKind{jobs.EventPlanned, jobs.EventAccepted, jobs.EventEnded, jobs.EventCollected, jobs.EventDone}
}

// troubles returns the events that are printed even with --quiet, because they may need action.
func troubles() []jobs.EventKind {
	return []jobs.EventKind{jobs.EventOutage, jobs.EventDoubt, jobs.EventAging, jobs.EventGone, jobs.EventOrphan, jobs.EventDamaged}
}

// eventLine formats an event as one line.
func eventLine(e jobs.Event) string {
	text := e.At.Local().Format(time.TimeOnly) + "  " + cli.Visible(string(e.Kind))
	if e.Seq > 0 {
		text += fmt.Sprintf(" batch %d", e.Seq)
	}
	return text + ": " + cli.Visible(e.Text)
}

// status shows a status if it has changed.
func (p *progress) status(st *jobs.Status, s summary) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if st.Requests == 0 {
		return // it is being divided into batches
	}
	if p.sent != nil && s.toSend == 0 && s.sending == 0 && s.doubtful == 0 {
		p.sent()
	}
	if p.lines != nil {
		p.lines.show(s)
		return
	}
	key := fmt.Sprint(s.settled, s.ended, s.atService, s.doubtful, s.toSend)
	if p.json {
		key += st.State
	}
	if key == p.last {
		return
	}
	p.last = key
	switch {
	case p.json:
		_ = p.writeStatus(st)
	case !p.quiet:
		fmt.Fprintln(p.Err, time.Now().Format(time.TimeOnly)+"  "+s.line())
	}
}

func (r *runCall) writeStatus(st *jobs.Status) error {
	return r.WriteJSON(struct {
		Type string `json:"type"`
		*jobs.Status
	}{"status", st})
}
