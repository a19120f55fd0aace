package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
)

// cleanUp deletes the batches of the run, even after ctx has ended. It records those that it cannot delete.
func (r *run) cleanUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.Cleanup)
	defer cancel()
	r.recorder.begin("cleanup")
	for _, a := range r.uncertain {
		r.say("a create is uncertain: looking for its batch")
		if err := r.find(ctx, a); err != nil {
			r.left = append(r.left, err.Error())
		}
	}
	for _, m := range r.created {
		if m.deleted {
			continue
		}
		r.say("deleting batch %s", m.id)
		if err := r.remove(ctx, m); err != nil {
			r.left = append(r.left, fmt.Sprintf("batch %s: %v", m.id, err))
			continue
		}
		r.setDeleted(m.id)
	}
	for _, left := range r.left {
		r.say("left behind: %s", left)
	}
}

// remove deletes a batch, which it cancels first if it still runs.
func (r *run) remove(ctx context.Context, m made) error {
	for {
		b, err := r.client.Get(ctx, m.id)
		if err == nil && !b.Ended() {
			if _, err = r.client.Cancel(ctx, m.id); err == nil {
				_, err = r.client.Wait(ctx, m.id)
			}
		}
		if err == nil {
			m.deleting = true
			err = r.client.Delete(ctx, m.id)
		}
		switch {
		case !errors.Is(err, client.ErrNotFound):
			return err
		case m.deleting || time.Since(m.ended) > longestMissing:
			return nil // it is gone
		}
		if err := pause(ctx, 5*time.Second); err != nil { // the batch may be too new to be found
			return err
		}
	}
}

// find looks for the batch of a create whose outcome is unknown. A batch belongs to this run if the custom IDs of its
// results do: batches of others are not touched.
func (r *run) find(ctx context.Context, a client.Attempt) error {
	for {
		found, err := r.client.Candidates(ctx, a)
		var open []string // batches that may be the one
		for _, b := range found.Batches {
			switch mine, known := r.isMine(ctx, b); {
			case mine:
				r.created = append(r.created, made{id: b.ID, step: "cleanup", ended: time.Now()})
				return nil
			case !known:
				open = append(open, b.ID)
			}
		}
		if err == nil && found.Complete && open == nil {
			return nil // there is none
		}
		if pause(ctx, 15*time.Second) != nil {
			text := fmt.Sprintf("a create of %s is uncertain: look at the list after %s", count(a.Requests, "request"), found.Until.UTC().Format(time.RFC3339))
			if open != nil {
				text += ", for example at " + strings.Join(open, ", ")
			}
			return errors.Join(errors.New(text), err)
		}
	}
}

// isMine reports whether a batch belongs to this run, and whether that is known: it is unknown until the batch has
// ended.
func (r *run) isMine(ctx context.Context, b *client.Batch) (mine, known bool) {
	if slices.ContainsFunc(r.created, func(m made) bool { return m.id == b.ID }) {
		return false, true
	}
	if !b.Ended() {
		return false, false
	}
	for item, err := range r.client.Results(ctx, b.ID) {
		if err != nil {
			return false, false
		}
		return strings.HasPrefix(item.CustomID, r.tag+"-"), true
	}
	return false, false
}
