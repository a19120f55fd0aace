package jobs

import (
	"context"
	"iter"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// followEvery is how often Follow looks for events.
const followEvery = time.Second / 2

// Events yields the stored events of the job in a directory whose IDs are greater than after; 0 yields all. It only reads
// files, and works whether or not a program is running the job. An error is the last thing it yields.
func Events(ctx context.Context, dir string, after int64) iter.Seq2[Event, error] {
	return events(ctx, dir, after, false)
}

// Follow yields events as [Events] does, and then new ones within a second of their occurrence. It ends when the output has
// been written, or with an error when ctx ends. It keeps waiting while the job is paused or no program is running it.
func Follow(ctx context.Context, dir string, after int64) iter.Seq2[Event, error] {
	return events(ctx, dir, after, true)
}

func events(ctx context.Context, dir string, after int64, follow bool) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		left := false
		err := inspect(ctx, dir, func(j *Job) error {
			done := false
			if after > 0 {
				var err error
				if done, err = j.doneBy(ctx, after); err != nil {
					return err
				}
			}
			for {
				const atATime = 100
				some, err := eventsBehind(ctx, j.store, j.about.ID, after, atATime)
				if err != nil {
					return err
				}
				for _, e := range some {
					after, done = e.ID, isLast(e.Kind)
					if left = !yield(e, nil); left {
						return nil
					}
				}
				if len(some) == atATime {
					continue
				}
				if done || !follow {
					return nil
				}
				if err := sleep(ctx, followEvery); err != nil {
					return err
				}
			}
		})
		if err != nil && !left {
			yield(Event{}, err)
		}
	}
}

// doneBy reports whether the event with an ID is the one that ended the job.
func (j *Job) doneBy(ctx context.Context, id int64) (done bool, err error) {
	err = j.store.View(ctx, func(tx store.Tx) error {
		one, err := tx.Events(j.about.ID, id-1, 1)
		done = len(one) == 1 && one[0].ID == id && isLast(EventKind(one[0].Kind))
		return err
	})
	return done, err
}

// isLast reports whether a job whose last event has this kind is done.
func isLast(k EventKind) bool { return k == EventDone || k == EventDeleted || k == EventPruned }
