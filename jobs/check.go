package jobs

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// An Outline says what a file of requests would become.
type Outline struct {
	Requests int64 // in the file
	Bytes    int64 // of the file
	Batches  int   // into which a job would divide it; it may be one more or less, because sizes are random a little
}

// Check checks a file of requests as the first [Job.Run] of a job with these options does before it sends anything: the
// error is an [*InputError] or a [*preflight.IssuesError]. A program that asks a person before it sends can check with it
// first, and run the job with [Options.WithoutPreflight]. Nothing is sent, and nothing is stored.
func Check(ctx context.Context, name string, o Options) (*Outline, error) {
	name, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	j := &Job{disk: osDisk{}, options: o, about: description{ID: newRandomID(jobIDLength), Options: o.kept()}}
	if err := j.preflight(ctx, name); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	out, err := planInput(ctx, j.disk, name, j.about.ID, limits{j.about.Options.MaxRequests, j.about.Options.MaxBytes}, o.WithoutPreflight)
	if err == nil && out.lines == 0 {
		err = errors.New("it has no requests")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &Outline{out.lines, out.bytes, len(out.batches)}, nil
}
