package jobs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

const wantAdopt = "adopt"

// Adopt declares that batch seq of the job in a directory is the batch batchID on the server. It is meant for batches of
// which it is unknown whether the service accepted them; the [PausedError] of [Ask] names seq and the possible IDs. The
// caller must have checked that the requests are the same, for example by the custom IDs of the results: requests without a
// result in that batch get none. To declare that there is no such batch, run the job with [Options.OnDoubt] set to [Resend].
// The argument by names who decided it, for the log.
func Adopt(ctx context.Context, dir string, seq int64, batchID, by string) error {
	what := fmt.Sprintf("%s %d %s", wantAdopt, seq, batchID)
	err := error(nil)
	if _, id, ok := parseAdopt(what); !ok || id != batchID {
		err = fmt.Errorf("%.100q is not a batch ID", batchID)
	} else {
		err = issue(ctx, dir, what, by, func(tx store.Tx, j *store.Job) error { return adoptable(tx, j.ID, seq, batchID) })
	}
	if err != nil {
		return fmt.Errorf("job %s: %w", dir, err)
	}
	return nil
}

// adoptable returns an error if a batch of a job cannot be a batch on the server.
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
		return fmt.Errorf("the outcome of batch %d is known: it is %s", seq, b.State)
	case c != nil && c.Proven:
		return fmt.Errorf("batch %.100s is already known: it is batch %d of the job", batchID, c.Seq)
	}
	return nil
}

// adopt executes a command of Adopt. It does nothing if the batch can no longer be adopted.
func adopt(tx store.Tx, job string, c *store.Command) error {
	seq, id, ok := parseAdopt(c.What)
	if !ok || adoptable(tx, job, seq, id) != nil {
		return nil //nolint:nilerr // the state of the batch has changed
	}
	b, err := tx.Batch(job, seq)
	if err != nil {
		return err
	}
	if _, err := prove(tx, job, seq, b.Attempt, evidence{batchID: id}); err != nil {
		return err
	}
	return event(tx, b, "adopted", "adopted batch %s, as decided by %.100q", id, c.By)
}

func parseAdopt(what string) (seq int64, batchID string, ok bool) {
	fields := strings.Fields(what)
	if len(fields) != 3 || fields[0] != wantAdopt {
		return 0, "", false
	}
	n, err := fmt.Sscan(fields[1], &seq)
	return seq, fields[2], n == 1 && err == nil
}
