package jobs

import (
	"context"

	"github.com/seed-111a911e/messagebatches/client"
)

// check finds out whether the client belongs to the job. The client of another workspace would report that none of the
// batches exist.
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

// introduce records the organization, the workspace and the watermark in the description of the job, before anything is
// sent. A job whose database is lost finds its batches above the watermark.
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
