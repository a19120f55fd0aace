package report

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// A Report describes one or more jobs.
type Report struct {
	Made    time.Time        `json:"made"`    // when it was made
	Version string           `json:"version"` // of this program
	Jobs    []*Job           `json:"jobs"`    // in the order of the arguments
	Sums    []jobs.LabelCost `json:"sums"`    // total costs by labels, day and model
}

// A Job is the report of one job.
type Job struct {
	Directory string       `json:"directory"`        // of the job
	Status    *jobs.Status `json:"status"`           // its state
	Done      *jobs.Report `json:"report,omitempty"` // its outcome, if it is done
	Costs     *jobs.Costs  `json:"costs"`            // its cost so far
	Outcomes  *Outcomes    `json:"outcomes"`         // of its requests
	Batches   []Batch      `json:"batches"`          // by number
	Sending   []Trouble    `json:"sending"`          // problems with batches, except with their results
	Notes     []string     `json:"notes,omitempty"`  // what the report does not contain
}

// A Batch is a batch of a job.
type Batch struct {
	jobs.BatchStatus
	Collected time.Time `json:"collected,omitzero"` // when its results were stored
}

// A Trouble counts one kind of events that do not occur in a run without problems.
type Trouble struct {
	Kind  jobs.EventKind `json:"kind"`           // of the events
	Count int64          `json:"count"`          // number of events
	First time.Time      `json:"first,omitzero"` // time of the first event
	Last  time.Time      `json:"last,omitzero"`  // time of the last event
	Batch int64          `json:"batch"`          // number of the batch of the last event, 0 for none
	Text  string         `json:"text"`           // of the last event, its first 300 bytes
}

// Read makes a report about the jobs in the given directories. They may be running.
func Read(ctx context.Context, dirs []string, prices *price.Table, version string) (*Report, error) {
	r := &Report{Made: time.Now().UTC().Truncate(time.Second), Version: version, Sums: []jobs.LabelCost{}}
	var costs []*jobs.Costs
	for _, dir := range dirs {
		j, err := readJob(ctx, dir, prices)
		if err != nil {
			return nil, err
		}
		r.Jobs = append(r.Jobs, j)
		costs = append(costs, j.Costs)
	}
	if sums := jobs.SumCosts(costs...); sums != nil {
		r.Sums = sums
	}
	return r, nil
}

func readJob(ctx context.Context, dir string, prices *price.Table) (j *Job, err error) {
	j = &Job{Directory: dir, Batches: []Batch{}, Sending: []Trouble{}}
	if j.Status, err = jobs.Inspect(ctx, dir); err != nil {
		return nil, err
	}
	if s := j.Status.State; s == "done" || s == "canceled" { // a job that is being retried still has its old report
		if j.Done, err = jobs.ReadReport(ctx, dir); err != nil && !errors.Is(err, jobs.ErrNotDone) {
			return nil, err
		}
	}
	if j.Costs, err = jobs.ReadCosts(ctx, dir, prices); err != nil {
		return nil, err
	}
	batches, err := jobs.Batches(ctx, dir)
	if err != nil {
		return nil, err
	}
	for _, b := range batches {
		j.Batches = append(j.Batches, Batch{BatchStatus: b})
	}
	if err := j.readEvents(ctx); err != nil {
		return nil, err
	}
	var note string
	if j.Outcomes, note = readOutcomes(ctx, dir, j.Status, j.Done); note != "" {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		j.Notes = append(j.Notes, note)
	}
	if j.Status.Pruned {
		j.Notes = append(j.Notes, "The stored results were pruned: it is no longer known why requests were resent, and which answers were not accepted.")
	}
	return j, nil
}

// readEvents reads when batches were collected, and their problems.
func (j *Job) readEvents(ctx context.Context) error {
	at := make(map[int64]int) // positions of batches
	for i, b := range j.Batches {
		at[b.Seq] = i
	}
	for e, err := range jobs.Events(ctx, j.Directory, 0) {
		if err != nil {
			return err
		}
		switch i, ok := at[e.Seq]; {
		case e.Kind == jobs.EventCollected && ok:
			j.Batches[i].Collected = e.At
		case !isSmooth(e.Kind):
			j.trouble(e)
		}
	}
	return nil
}

// isSmooth reports whether events of a kind occur in every run.
func isSmooth(k jobs.EventKind) bool {
	return slices.Contains([]jobs.EventKind{
		jobs.EventPlanned, jobs.EventAccepted, jobs.EventEnded, jobs.EventCollected, jobs.EventDone,
		jobs.EventDeleted, jobs.EventPruned, jobs.EventCandidate, jobs.EventForeign,
	}, k)
}

// trouble counts an event that is a problem.
func (j *Job) trouble(e jobs.Event) {
	at := slices.IndexFunc(j.Sending, func(t Trouble) bool { return t.Kind == e.Kind })
	if at < 0 {
		at = len(j.Sending)
		j.Sending = append(j.Sending, Trouble{Kind: e.Kind, First: e.At})
	}
	t := &j.Sending[at]
	t.Count++
	t.Last, t.Batch, t.Text = e.At, e.Seq, cli.Cut(e.Text, mostText)
}
