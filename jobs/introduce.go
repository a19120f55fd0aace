package jobs

import (
	"context"

	"github.com/seed-111a911e/messagebatches/client"
)

// check finds out whether the client belongs to the job, before it says of all batches that there are none.
func (l *loop) check(ctx context.Context) error {
	for failures := 1; ; failures++ {
		watermark, err := l.lookFirst(ctx)
		if err == nil {
			if err := l.job.introduce(ctx, watermark); err != nil {
				return err
			}
			return l.limit(ctx)
		}
		if isFatal(err) || ctx.Err() != nil {
			return err
		}
		if why := refusal(err); why != "" && failures == mostRefusals {
			return &PausedError{why}
		}
		l.job.say(Event{Kind: "outage", Text: err.Error()})
		if err := sleep(ctx, l.timing.wait(failures)); err != nil {
			return err
		}
	}
}

// introduce notes in the description of the job, before anything is sent, whose it is and what the list showed: a job that
// has lost its database finds its batches above that.
func (j *Job) introduce(ctx context.Context, w client.Watermark) error {
	if j.about.Service != nil {
		return nil
	}
	row, err := j.row(ctx)
	if err != nil {
		return err
	}
	j.about.Service = &introduction{row.Organization, row.Workspace, w}
	return j.writeDescription()
}
