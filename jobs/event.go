package jobs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// An EventKind is the kind of an [Event].
type EventKind string

// The kinds of events. Programs must tolerate unknown kinds, which later versions may add.
const (
	EventPlanned    EventKind = "planned"    // requests were divided into batches: those of the input, or those that are resent
	EventAccepted   EventKind = "accepted"   // the service accepted a batch
	EventDoubt      EventKind = "doubt"      // the service may have accepted a batch: the job looks for it
	EventCandidate  EventKind = "candidate"  // a batch on the server may be the one that the job looks for
	EventForeign    EventKind = "foreign"    // a batch on the server does not belong to the job
	EventNone       EventKind = "none"       // the batch that the job looked for does not exist: it is resent
	EventRefused    EventKind = "refused"    // the service refused a batch
	EventUnsent     EventKind = "unsent"     // an attempt ended before its body was sent
	EventResent     EventKind = "resent"     // a batch is resent although the service may have accepted it
	EventFailed     EventKind = "failed"     // a create failed; the text says why
	EventSpare      EventKind = "spare"      // another batch on the server has the same requests; one of the two is kept
	EventOrphan     EventKind = "orphan"     // another batch on the server has the same requests, which are paid for twice
	EventEnded      EventKind = "ended"      // a batch ended on the server
	EventUnread     EventKind = "unread"     // results could not be read: the job reads them again
	EventCollected  EventKind = "collected"  // results were stored
	EventDamaged    EventKind = "damaged"    // stored results were damaged or lost: the job reads them again
	EventAging      EventKind = "aging"      // a batch is older than 20 days and its results are not stored: the service deletes them after 29 days
	EventGone       EventKind = "gone"       // the service no longer has the results
	EventPaused     EventKind = "paused"     // the job was paused
	EventResumed    EventKind = "resumed"    // the job was resumed
	EventAdopted    EventKind = "adopted"    // a person said which batch on the server belongs to a batch of the job
	EventRebuilding EventKind = "rebuilding" // a job whose database was lost is being rebuilt; the text says what it waits for
	EventRebuilt    EventKind = "rebuilt"    // the job was rebuilt
	EventCanceled   EventKind = "canceled"   // the job was canceled
	EventDone       EventKind = "done"       // the output was written
	EventDeleted    EventKind = "deleted"    // the batches of the job were deleted on the server
	EventPruned     EventKind = "pruned"     // files of the job were deleted
	EventOutage     EventKind = "outage"     // a call failed and is retried; this event is not stored
)

// An Event is something that happened to a job. Events with an ID are stored; outages have no ID and are not.
type Event struct {
	ID       int64     `json:"id,omitempty"`       // increases in the order of events; 0 if the event is not stored
	At       time.Time `json:"at"`                 // when it happened
	Kind     EventKind `json:"kind"`               // what happened
	Seq      int64     `json:"seq,omitempty"`      // number of the batch in the job; 0 if the event is not about one batch
	Round    int       `json:"round,omitempty"`    // of the batch, from 0
	Attempt  int       `json:"attempt,omitempty"`  // of the batch, from 1
	Requests int       `json:"requests,omitempty"` // in the batch
	BatchID  string    `json:"batch_id,omitempty"` // ID that the service gave the batch, "" if it is not known
	Text     string    `json:"text"`               // human-readable, one line, without prompts, responses and credentials
}

// eventOf converts a stored event.
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

// eventsBehind returns up to limit stored events whose IDs are greater than after, ordered by ID.
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

// plural returns a number and a noun: 1 batch, 2 batches.
func plural[N int | int64](n N, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "ch"):
		noun += "es"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// say passes an event to OnEvent.
func (j *Job) say(e Event) {
	if e.At.IsZero() {
		e.At = j.clock.wall()
	}
	if j.options.OnEvent != nil {
		j.options.OnEvent(e)
	}
}

// report passes the events that were stored since its last call to OnEvent.
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
