package jobs

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// An Outline is the result of [Check].
type Outline struct {
	Requests int64 // number of requests in the file
	Bytes    int64 // size of the file
	Batches  int   // number of batches of a job; it may be off by one, because their sizes vary randomly a little
}

// Check makes the checks that the first [Job.Run] of a job with these options makes before it sends anything. If the
// requests are invalid, the error is an [*InputError] or a [*preflight.IssuesError]. Check sends and stores nothing. A
// program that asks a person for confirmation can call Check first, and then run the job with [Options.WithoutPreflight].
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
		err = errors.New("no requests")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &Outline{out.lines, out.bytes, len(out.batches)}, nil
}
