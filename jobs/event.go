package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// An EventKind says what has happened.
type EventKind string

// The kinds of events. A program should expect others, which later versions may have.
const (
	EventPlanned    EventKind = "planned"    // requests were divided into batches: those of the input, or those of a batch that is sent again
	EventAccepted   EventKind = "accepted"   // the service has accepted a batch
	EventDoubt      EventKind = "doubt"      // the service may have accepted a batch: it is looked for
	EventCandidate  EventKind = "candidate"  // a batch of the service may be the one that is looked for
	EventForeign    EventKind = "foreign"    // and is not
	EventNone       EventKind = "none"       // the batch that was looked for does not exist: it is sent again
	EventRefused    EventKind = "refused"    // the service has refused a batch
	EventUnsent     EventKind = "unsent"     // an attempt ended before its body was sent
	EventResent     EventKind = "resent"     // a batch is sent again although it may have been accepted
	EventFailed     EventKind = "failed"     // why a create failed
	EventSpare      EventKind = "spare"      // another batch of the service has the same requests, and one of them is kept
	EventOrphan     EventKind = "orphan"     // another batch of the service has the same requests, which are paid for twice
	EventEnded      EventKind = "ended"      // a batch has ended at the service
	EventUnread     EventKind = "unread"     // results could not be read: they are read again
	EventCollected  EventKind = "collected"  // results were stored
	EventDamaged    EventKind = "damaged"    // stored results were damaged or lost: they are read again
	EventAging      EventKind = "aging"      // results are older than 20 days and are not stored: the service deletes them after 29
	EventGone       EventKind = "gone"       // the service does not have the results any more
	EventPaused     EventKind = "paused"     // the job was paused
	EventResumed    EventKind = "resumed"    // somebody has had the job go on
	EventAdopted    EventKind = "adopted"    // somebody has said which batch of the service one is
	EventRebuilding EventKind = "rebuilding" // what a job waits for whose database was lost
	EventRebuilt    EventKind = "rebuilt"    // its batches were found
	EventCanceled   EventKind = "canceled"   // the job was canceled
	EventDone       EventKind = "done"       // the output was written
	EventDeleted    EventKind = "deleted"    // the batches of the job were deleted at the service
	EventPruned     EventKind = "pruned"     // files of the job were deleted
	EventOutage     EventKind = "outage"     // a call failed for a while; it is not kept
)

// An Event is something that happened to a job. Those with an ID are kept in the store; outages, which have none, are not.
type Event struct {
	ID       int64     `json:"id,omitempty"`       // in the order in which they happened; 0 if it is not kept
	At       time.Time `json:"at"`                 // when it happened
	Kind     EventKind `json:"kind"`               // what happened
	Seq      int64     `json:"seq,omitempty"`      // number of the batch in the job, 0 if it is about none
	Round    int       `json:"round,omitempty"`    // of the batch, from 0
	Attempt  int       `json:"attempt,omitempty"`  // of the batch, from 1
	Requests int       `json:"requests,omitempty"` // in the batch
	BatchID  string    `json:"batch_id,omitempty"` // of the service, if there is one
	Text     string    `json:"text"`               // for people, one line; it holds no prompt, no response and no credential
}

// eventOf returns an event that is kept.
func eventOf(tx store.Tx, e *store.Event) (Event, error) {
	to := Event{ID: e.ID, At: e.At, Kind: EventKind(e.Kind), Seq: e.Seq, Attempt: e.Attempt, BatchID: e.BatchID, Text: e.Text}
	if e.Seq == 0 {
		return to, nil
	}
	b, err := tx.Batch(e.Job, e.Seq)
	if errors.Is(err, store.ErrNotFound) {
		return to, nil
	}
	if err == nil {
		to.Round, to.Requests = b.Round, b.Requests
	}
	return to, err
}

// eventsBehind returns up to limit events that are kept, by ID, behind after.
func eventsBehind(ctx context.Context, s store.Store, job string, after int64, limit int) (events []Event, err error) {
	err = s.View(ctx, func(tx store.Tx) error {
		events = nil
		kept, err := tx.Events(job, after, limit)
		if err != nil {
			return err
		}
		for _, e := range kept {
			event, err := eventOf(tx, e)
			if err != nil {
				return err
			}
			events = append(events, event)
		}
		return nil
	})
	return events, err
}

// say passes an event on.
func (j *Job) say(e Event) {
	if e.At.IsZero() {
		e.At = j.clock.wall()
	}
	if j.options.OnEvent != nil {
		j.options.OnEvent(e)
	}
}

// report passes on what was stored since the last time.
func (l *loop) report(ctx context.Context) error {
	if l.job.options.OnEvent == nil {
		return nil
	}
	for {
		const atATime = 100
		events, err := eventsBehind(ctx, l.store, l.engine.job, l.reported, atATime)
		if err != nil {
			return err
		}
		for _, e := range events {
			l.reported = e.ID
			if e.At.Before(l.began) {
				continue // an earlier run reported it
			}
			l.job.say(e)
		}
		if len(events) < atATime {
			return nil
		}
	}
}
