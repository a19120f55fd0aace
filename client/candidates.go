package client

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// An Attempt describes a create whose outcome is unknown: enough to look for its batch, in this process or in another one.
// It can be stored as JSON.
type Attempt struct {
	// Requests and Bytes are the size of the batch: how many requests, and the length of the body.
	Requests int
	Bytes    int64

	// Started is when the first attempt began and Ended when the last one failed, by this machine's clock.
	Started, Ended time.Time

	// Watermark is what List showed before the create, see [Client.Watermark]. Without one, clocks decide.
	Watermark Watermark

	// Clock is the offset of the service's clock, as known when the attempt ended.
	Clock ClockOffset

	// Known are IDs of batches that are not the lost one, for example because another call created them.
	Known []string
}

// Candidates are the batches that may be the one that a create has lost.
type Candidates struct {
	// Batches are those that may be the lost one, newest first. At most one of them is, except after
	// [WithAtLeastOnceCreate].
	Batches []*Batch

	// Complete reports that no other batch can be the lost one. If Batches is also empty, the service has not accepted the
	// batch, and it can be resent. Complete is false before Until, and if the list was bounded by a clock whose offset is
	// unknown, see [ClockOffset].
	Complete bool

	// ReachedWatermark reports that the list was read down to the watermark, or to its end.
	ReachedWatermark bool

	// Until is the time, by this machine's clock, by which the service has accepted the batch and lists it, or never will.
	Until time.Time
}

const (
	// decisionMargin is how long after a failed attempt the service may still accept its batch: it may work on the body
	// for 10 minutes, and the kernel of a machine whose connection is lost may send the rest of a body for 16.
	decisionMargin = 30 * time.Minute

	// listLag is how long a batch may be missing in lists.
	listLag = 10 * time.Minute

	// clockMargin allows for differences between the service's own clocks.
	clockMargin = 2 * time.Minute

	// doubtMargin is added if no batch has shown the offset of the service's clock.
	doubtMargin = time.Hour

	// mostListed bounds how many batches are examined: no workspace creates as many while an attempt is uncertain.
	mostListed = 100_000
)

// Candidates lists the batches that may be the one that attempt a lost: those with the same number of requests that are not
// known to be other batches. With a watermark it considers the batches that List shows above it; without one, those created
// between Started and 30 minutes after Ended, with margins for clocks that differ (2 minutes, and an hour more if no batch
// had shown the offset of the service's clock when the attempt ended). A batch whose counts are malformed is a candidate
// too.
//
// Known to be other batches are those in a.Known and in the watermark, and those that this client received from Create (it
// remembers the last 100,000). Batches of other programs, and of calls of Create that have not returned yet, are candidates
// if they match; the custom IDs in their results distinguish them.
//
// Until is 40 minutes after Ended: by then the service has accepted or dropped a body that was on its way, and List shows
// its batch. Candidates is retried like List.
//
// API: GET /v1/messages/batches
func (c *Client) Candidates(ctx context.Context, a Attempt, opts ...CallOption) (Candidates, error) {
	cl, err := c.newCall(opCandidates, opts)
	if err != nil {
		return Candidates{}, err
	}
	return c.candidates(ctx, &cl, a, false)
}

// candidates is Candidates. made means that this client made the attempt, so that what it has learned about the service's
// clock since then counts; the clock of another machine may differ.
func (c *Client) candidates(ctx context.Context, cl *call, a Attempt, made bool) (Candidates, error) {
	lister := *cl
	lister.op, lister.pageSize = opCandidates, 100
	return observe(ctx, &lister, "", func(ctx context.Context) (Candidates, error) { return c.find(ctx, &lister, a, made) })
}

func (c *Client) find(ctx context.Context, cl *call, a Attempt, made bool) (Candidates, error) {
	found := Candidates{Until: a.Ended.Add(decisionMargin + listLag)}
	began := time.Now()
	w := window{attempt: a, made: made}
	listed := 0
	for b, err := range c.list(ctx, cl) {
		if listed++; err == nil && listed > mostListed {
			err = fmt.Errorf("%s: the list has more than %d batches that are newer than the attempt", opCandidates, mostListed)
		}
		if err != nil {
			return Candidates{}, err
		}
		w.set(c.s().clock.offset()) // each page may change it
		if w.reached(b) {
			break
		}
		if total, ok := b.total(); w.mayHold(b) && (!ok || total == int64(a.Requests)) {
			found.Batches = append(found.Batches, b)
		}
	}
	// At the end, because other calls of Create may have returned in the meantime.
	found.Batches = slices.DeleteFunc(found.Batches, func(b *Batch) bool {
		_, created := c.s().created.seen(b.ID)
		return created || slices.Contains(a.Known, b.ID) || slices.Contains(a.Watermark.Seen, b.ID)
	})
	found.ReachedWatermark = !w.byClock
	found.Complete = !began.Before(found.Until) && (!w.byClock || w.known)
	return found, nil
}

// A window says which batches of a list, newest first, an attempt may have created.
type window struct {
	attempt  Attempt
	made     bool      // by this client
	from, to time.Time // by the service's clock
	known    bool      // the offset of that clock is known
	byClock  bool      // a clock has excluded a batch
}

// set sets the window for the current offset of the service's clock. The offset of the attempt counts as well, because this
// machine's clock may have been set in between.
func (w *window) set(now ClockOffset) {
	before := w.attempt.Clock
	w.known = before.Known || w.made && now.Known
	margin := clockMargin
	if !w.known {
		margin += doubtMargin
	}
	w.from = w.attempt.Started.Add(min(before.Min, now.Min) - margin)
	w.to = w.attempt.Ended.Add(max(before.Max, now.Max) + decisionMargin + margin)
}

// marked reports whether there is a watermark, so that clocks do not matter.
func (w *window) marked() bool {
	return w.attempt.Watermark.Listed
}

// reached reports whether b, and every batch after it, is too old.
func (w *window) reached(b *Batch) bool {
	if w.marked() {
		return slices.Contains(w.attempt.Watermark.Below, b.ID)
	}
	old := !b.CreatedAt.IsZero() && b.CreatedAt.Before(w.from)
	w.byClock = w.byClock || old
	return old
}

// mayHold reports whether b is not too new.
func (w *window) mayHold(b *Batch) bool {
	young := !w.marked() && b.CreatedAt.After(w.to)
	w.byClock = w.byClock || young
	return !young
}

// Watermark returns what List shows now, so that the batch of a later create can be found without clocks: pass it to
// [WithWatermark], or store it in an [Attempt]. It lists one page, and is retried like List.
//
// API: GET /v1/messages/batches
func (c *Client) Watermark(ctx context.Context, opts ...CallOption) (Watermark, error) {
	cl, err := c.newCall(opCandidates, opts)
	if err != nil {
		return Watermark{}, err
	}
	cl.pageSize = 100
	return observe(ctx, &cl, "", func(ctx context.Context) (Watermark, error) { return c.watermark(ctx, &cl) })
}

func (c *Client) watermark(ctx context.Context, cl *call) (Watermark, error) {
	p, err := c.page(ctx, cl)
	if err != nil {
		return Watermark{}, err
	}
	const (
		settled = 5 * time.Minute // after this time no new batch is listed below
		most    = 21              // a batch may be deleted in the meantime, but hardly all of these
	)
	w := Watermark{Listed: true}
	var newest time.Time
	for i, raw := range p.batches {
		var b Batch
		if err := b.UnmarshalJSON(raw); err != nil || b.ID == "" {
			return Watermark{}, fmt.Errorf("%s: batch %d of the list has no ID", cl.op, i)
		}
		c.s().known.add(b.ID)
		if newest.IsZero() {
			newest = b.CreatedAt
		}
		// Times of batches are compared with each other, because they are by the service's clock.
		old := len(w.Below) > 0 || newest.Sub(b.CreatedAt) > settled && !b.CreatedAt.IsZero() || len(p.batches)-i <= most && p.more
		if !old {
			w.Seen = append(w.Seen, b.ID)
		} else if len(w.Below) < most {
			w.Below = append(w.Below, b.ID)
		}
	}
	return w, nil
}
