package jobs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

const wantAdopt = "adopt"

// Adopt tells the job in a directory which batch of the service its batch with a number is, if nobody knows whether that was
// accepted: a [PausedError] of [Ask] names both. Whoever calls it has made sure that the requests are the same, for example
// by the custom IDs of the results: requests without a result in that batch get none. [Options.OnDoubt] with [Resend] says
// that there is no such batch. By says who has found it, for the log.
func Adopt(ctx context.Context, dir string, seq int64, batchID, by string) error {
	what := fmt.Sprintf("%s %d %s", wantAdopt, seq, batchID)
	err := error(nil)
	if _, id, ok := parseAdopt(what); !ok || id != batchID {
		err = fmt.Errorf("%.100q is no ID of a batch", batchID)
	} else {
		err = give(ctx, dir, what, by, func(tx store.Tx, j *store.Job) error { return adoptable(tx, j.ID, seq, batchID) })
	}
	if err != nil {
		return fmt.Errorf("job %s: %w", dir, err)
	}
	return nil
}

// adoptable says why a batch of a job cannot be a batch of the service.
func adoptable(tx store.Tx, job string, seq int64, batchID string) error {
	b, err := tx.Batch(job, seq)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("the job has no batch %d", seq)
	}
	if err != nil {
		return err
	}
	c, err := known(tx, batchID)
	switch {
	case err != nil:
		return err
	case b.State != store.Doubtful && b.State != store.Unproven:
		return fmt.Errorf("there is no doubt about batch %d: it is %s", seq, b.State)
	case c != nil && c.Proven:
		return fmt.Errorf("batch %.100s is known: it is batch %d of the job", batchID, c.Seq)
	}
	return nil
}

// adopt obeys a command that Adopt has given. What cannot be adopted any more is left alone.
func adopt(tx store.Tx, job string, c *store.Command) error {
	seq, id, ok := parseAdopt(c.What)
	if !ok || adoptable(tx, job, seq, id) != nil {
		return nil //nolint:nilerr // the batch has moved on
	}
	b, err := tx.Batch(job, seq)
	if err != nil {
		return err
	}
	if _, err := prove(tx, job, seq, b.Attempt, evidence{batchID: id}); err != nil {
		return err
	}
	return event(tx, b, "adopted", "batch %s is it, %.100q says", id, c.By)
}

func parseAdopt(what string) (seq int64, batchID string, ok bool) {
	fields := strings.Fields(what)
	if len(fields) != 3 || fields[0] != wantAdopt {
		return 0, "", false
	}
	n, err := fmt.Sscan(fields[1], &seq)
	return seq, fields[2], n == 1 && err == nil
}
