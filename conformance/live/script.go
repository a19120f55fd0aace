package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// batches is how many requests each batch of the script has. All differ, so that a lost batch can be identified.
// The service should refuse the batches of 1 and 2.
var batches = []int{sizeBeta, sizeDuplicate, sizeMain, sizeCanceled}

const (
	sizeBeta      = 1
	sizeDuplicate = 2
	sizeMain      = 3
	sizeCanceled  = 4

	maxTokens   = 16
	unknownBeta = client.Beta("messagebatches-unknown-2000-01-01")
)

// script runs all steps. A step that has no batch to work with is skipped.
func (r *run) script(ctx context.Context) {
	step := func(name, what string, do func(context.Context) error) { r.step(ctx, name, what, do) }
	step("watermark", "list before anything is created", r.listBefore)
	if r.steps[0].err != nil {
		r.say("the first call failed, so that nothing else is tried")
		return
	}
	step("unknown-beta", "create with a beta that does not exist", r.createUnknownBeta)
	step("duplicate-id", "create with a custom ID twice", r.createDuplicate)
	step("invalid-body", "create with a body that is not a list of requests", r.createInvalid)

	step("create", fmt.Sprintf("create a batch of %d requests, one of which lacks max_tokens", sizeMain), r.createMain)
	step("early-results", "results of a batch that has not ended", r.earlyResults)
	step("watch", "get and list until both show the batch, and a little longer", r.watch)
	step("wait", "wait for its end", func(ctx context.Context) error { return r.wait(ctx, &r.main) })
	step("results", "read its results", r.results)
	step("cancel-ended", "cancel a batch that has ended", r.cancelEnded)

	step("create-2", fmt.Sprintf("create a batch of %d requests, to cancel it", sizeCanceled), r.createCanceled)
	step("cancel", "cancel it", r.cancel)
	step("early-delete", "delete a batch that has not ended", r.earlyDelete)
	step("wait-canceled", "wait for its end", func(ctx context.Context) error { return r.wait(ctx, &r.stopped) })
	step("results-canceled", "read its results", r.resultsCanceled)
	step("pages", "list with pages of one batch", r.pages)
	step("unknown-cursor", "list from a batch that does not exist", r.unknownCursor)

	step("delete", "delete both batches", r.deleteBoth)
	step("get-deleted", "get a batch that was deleted", r.getDeleted)
	step("delete-deleted", "delete it again", r.deleteDeleted)
	if !r.SkipLarge {
		step("too-large", "create with bodies of 256 MB that cannot become a batch", r.tooLarge)
	}
}

// newRequests returns requests that cost little. Their custom IDs begin with the tag.
func newRequests(tag, name string, n int) (requests []client.Request) {
	for i := range n {
		requests = append(requests, client.Request{
			CustomID: fmt.Sprintf("%s-%s-%d", tag, name, i),
			Params: client.Params{
				Model: model, MaxTokens: maxTokens,
				Messages: []client.InputMessage{client.UserText(fmt.Sprintf("Reply with the number %d and nothing else.", i))},
			},
		})
	}
	return requests
}

func (r *run) listBefore(ctx context.Context) (err error) {
	r.watermark, err = r.client.Watermark(ctx)
	r.saw("response", "%s", outcome(r.last()))
	return err
}

// refused records the response to a create that should have been refused with 400.
func (r *run) refused(e *exchange, err error) error {
	r.saw("response", "%s", outcome(e))
	r.expect(outcome(e) == "400 invalid_request_error", "the contract says 400 invalid_request_error, the service says %s", outcome(e))
	if e == nil || e.status == 0 {
		return err
	}
	r.note("message: %s", errorOf(e).Error.Message)
	return nil
}

func (r *run) createUnknownBeta(ctx context.Context) error {
	_, err := r.create(ctx, newRequests(r.tag, "beta", sizeBeta), client.WithBetas(unknownBeta))
	if err := r.refused(r.last(), err); err != nil {
		return err
	}
	r.saw("the message names the beta", "%t", strings.Contains(errorOf(r.last()).Error.Message, string(unknownBeta)))
	return nil
}

func (r *run) createDuplicate(ctx context.Context) error {
	requests := newRequests(r.tag, "duplicate", sizeDuplicate)
	requests[1].CustomID = requests[0].CustomID
	body, err := (&gen.BetaCreateMessageBatchParams{Requests: requests}).AppendJSON(nil)
	if err != nil {
		return err
	}
	return r.refused(r.probeJSON(ctx, body, sizeDuplicate))
}

func (r *run) createInvalid(ctx context.Context) error {
	return r.refused(r.probeJSON(ctx, []byte(`{"requests":{}}`), 0))
}

func (r *run) createMain(ctx context.Context) (err error) {
	requests := newRequests(r.tag, "main", sizeMain)
	requests[sizeMain-1].Params.MaxTokens = 0 // omitted
	r.main, err = r.create(ctx, requests)
	return r.checkCreated(r.main, sizeMain, err)
}

func (r *run) createCanceled(ctx context.Context) (err error) {
	r.stopped, err = r.create(ctx, newRequests(r.tag, "canceled", sizeCanceled))
	return r.checkCreated(r.stopped, sizeCanceled, err)
}

// checkCreated checks what the contract says about a batch that was just created.
func (r *run) checkCreated(b *client.Batch, requests int64, err error) error {
	r.saw("response", "%s", outcome(r.last()))
	if err != nil {
		return err
	}
	r.saw("status", "%s", b.ProcessingStatus)
	r.checkBatch(b, requests)
	r.expect(b.ExpiresAt.Sub(b.CreatedAt) == 24*time.Hour, "the contract says that a batch expires 24 hours after its creation, the service says %s", b.ExpiresAt.Sub(b.CreatedAt))
	return nil
}

// checkBatch checks what the contract says about all batches.
func (r *run) checkBatch(b *client.Batch, requests int64) {
	r.expect(b.Malformed == nil, "the client found the batch malformed: %v", b.Malformed)
	c := b.RequestCounts
	done := c.Succeeded + c.Errored + c.Canceled + c.Expired
	r.expect(done+c.Processing == requests, "request_counts add up to %d, the batch has %d requests", done+c.Processing, requests)
	r.expect(b.Ended() || done == 0, "the contract says that counts other than processing are 0 until the batch has ended, the service says %+v", c)
	r.expect(!b.Ended() || c.Processing == 0, "a batch that has ended has %d requests in processing", c.Processing)
	r.expect(b.Ended() == (b.ResultsURL != ""), "the contract says that results_url is null until the batch has ended, the service has %q while %s", b.ResultsURL, b.ProcessingStatus)
	if b.ResultsURL != "" && !strings.HasPrefix(b.ResultsURL, r.base) {
		r.note("results_url is at another origin than the base URL: %s", b.ResultsURL)
	}
}

func (r *run) earlyResults(ctx context.Context) error {
	if r.main == nil {
		return errNoBatch
	}
	err := drain(r.client.Raw().RetrieveMessageBatchResults(ctx, r.main.ID, &gen.RetrieveMessageBatchResultsParams{}))
	e := r.last()
	if err == nil && e.status/100 == 2 {
		return skip("the batch had ended")
	}
	r.saw("response", "%s", outcome(e))
	return err
}

// settled is the number of consecutive calls in which both get and list must show a batch before watch ends.
const settled = 6

// watch gets and lists until both show the batch. The lags are measured at the end.
func (r *run) watch(ctx context.Context) error {
	if r.main == nil {
		return errNoBatch
	}
	began := time.Now()
	interval := 100 * time.Millisecond
	for shown := 0; shown < settled; {
		b, getErr := r.client.Get(ctx, r.main.ID, client.WithRetry(client.Retry{MaxAttempts: 1}))
		if getErr == nil {
			r.checkBatch(b, sizeMain)
		}
		listed := false
		for b, err := range r.client.List(ctx, client.WithPageSize(100)) {
			listed = err == nil && b.ID == r.main.ID
			if err != nil || listed || b.CreatedAt.Before(r.main.CreatedAt.Add(-time.Minute)) {
				break
			}
		}
		if shown++; getErr != nil || !listed {
			shown = 0
		}
		if time.Since(began) > longestLag {
			return fmt.Errorf("get and list did not both show the batch within %s", longestLag)
		}
		if err := pause(ctx, interval); err != nil {
			return err
		}
		interval = min(interval+interval/4, 5*time.Second)
	}
	return nil
}

// wait waits for the end of a batch.
func (r *run) wait(ctx context.Context, batch **client.Batch) error {
	if *batch == nil {
		return errNoBatch
	}
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	c := (*batch).RequestCounts
	requests := c.Processing + c.Succeeded + c.Errored + c.Canceled + c.Expired
	b, err := r.client.Wait(ctx, (*batch).ID, client.OnPoll(func(b *client.Batch) { r.checkBatch(b, requests) }))
	if err != nil {
		return err
	}
	*batch = b
	r.saw("status", "%s", b.ProcessingStatus)
	r.note("ended %s after its creation, by the service's clock", took(b.EndedAt.Sub(b.CreatedAt)))
	return nil
}

func (r *run) results(ctx context.Context) error {
	kinds, err := r.readResults(ctx, r.main)
	if err != nil {
		return err
	}
	for i, want := range []string{"succeeded", "succeeded", "errored invalid_request_error"} {
		got := kinds[fmt.Sprintf("%s-main-%d", r.tag, i)]
		r.saw(fmt.Sprintf("request %d", i), "%s", got)
		r.expect(got == want, "request %d is %s, and should be %s", i, got, want)
	}
	return nil
}

func (r *run) resultsCanceled(ctx context.Context) error {
	kinds, err := r.readResults(ctx, r.stopped)
	for id, kind := range kinds {
		r.expect(kind == "canceled" || kind == "succeeded", "%s is %s in a canceled batch", id, kind)
	}
	if err == nil {
		r.note("%d canceled, %d succeeded", r.stopped.RequestCounts.Canceled, r.stopped.RequestCounts.Succeeded)
	}
	return err
}

// readResults returns the type of each result, and of its error.
func (r *run) readResults(ctx context.Context, b *client.Batch) (map[string]string, error) {
	if b == nil || !b.Ended() {
		return nil, errNoBatch
	}
	kinds := make(map[string]string)
	for item, err := range r.client.Results(ctx, b.ID) {
		if err != nil {
			return nil, err
		}
		r.expect(item.Malformed == nil, "the client found a line damaged: %v", item.Malformed)
		if item.Result == nil {
			continue
		}
		kind := item.Result.Discriminator()
		var apiErr *client.APIError
		if kind == "errored" && errors.As(item.Err(), &apiErr) {
			kind += " " + apiErr.Type
		}
		kinds[item.CustomID] = kind
		if m := item.Message(); m != nil {
			r.expect(m.Usage.ServiceTier == gen.BetaUsageServiceTierBatch, "usage.service_tier is %q", m.Usage.ServiceTier)
		}
		r.totals.Add(item)
	}
	return kinds, nil
}

func (r *run) cancelEnded(ctx context.Context) error {
	if r.main == nil || !r.main.Ended() {
		return errNoBatch
	}
	err := drain(r.client.Raw().CancelMessageBatch(ctx, r.main.ID, &gen.CancelMessageBatchParams{}))
	r.saw("response", "%s", outcome(r.last()))
	return err
}

func (r *run) cancel(ctx context.Context) error {
	if r.stopped == nil {
		return errNoBatch
	}
	b, err := r.client.Cancel(ctx, r.stopped.ID)
	r.saw("response", "%s", outcome(r.last()))
	if err != nil {
		return err
	}
	r.saw("status", "%s", b.ProcessingStatus)
	r.checkBatch(b, sizeCanceled)
	r.stopped = b
	return nil
}

// earlyDelete deletes the batch that is canceled anyway, so that nothing is lost if the service accepts the call.
func (r *run) earlyDelete(ctx context.Context) error {
	switch {
	case r.stopped == nil:
		return errNoBatch
	case r.stopped.Ended():
		return skip("the batch had ended")
	}
	r.setDeleting(r.stopped.ID)
	err := drain(r.client.Raw().DeleteMessageBatch(ctx, r.stopped.ID, &gen.DeleteMessageBatchParams{}))
	e := r.last()
	r.saw("response", "%s", outcome(e))
	if err == nil && e.status/100 == 2 {
		r.setDeleted(r.stopped.ID)
		r.stopped = nil
	}
	return err
}

func (r *run) pages(ctx context.Context) error {
	var ids []string
	for b, err := range r.client.List(ctx, client.WithPageSize(1)) {
		if err != nil {
			return err
		}
		r.expect(!slices.Contains(ids, b.ID), "a batch is on two pages")
		if ids = append(ids, b.ID); len(ids) == 2 {
			break
		}
	}
	r.note("%s", count(len(ids), "page"))
	return nil
}

func (r *run) unknownCursor(ctx context.Context) error {
	id := "msgbatch_01messagebatches0unknown"
	err := drain(r.client.Raw().ListMessageBatches(ctx, &gen.ListMessageBatchesParams{AfterID: &id}))
	r.saw("response", "%s", outcome(r.last()))
	return err
}

func (r *run) deleteBoth(ctx context.Context) error {
	for _, b := range []*client.Batch{r.main, r.stopped} {
		if b == nil || !b.Ended() {
			continue
		}
		r.setDeleting(b.ID)
		if err := r.client.Delete(ctx, b.ID); err != nil {
			return err
		}
		r.saw("response", "%s", outcome(r.last()))
		r.setDeleted(b.ID)
	}
	return nil
}

// gone returns the ID of a batch that was deleted.
func (r *run) gone() (string, error) {
	for _, m := range r.created {
		if m.deleted {
			return m.id, nil
		}
	}
	return "", errNoBatch
}

func (r *run) getDeleted(ctx context.Context) error {
	id, err := r.gone()
	if err != nil {
		return err
	}
	err = drain(r.client.Raw().RetrieveMessageBatch(ctx, id, &gen.RetrieveMessageBatchParams{}))
	r.saw("response", "%s", outcome(r.last()))
	return err
}

func (r *run) deleteDeleted(ctx context.Context) error {
	id, err := r.gone()
	if err != nil {
		return err
	}
	err = drain(r.client.Raw().DeleteMessageBatch(ctx, id, &gen.DeleteMessageBatchParams{}))
	r.saw("response", "%s", outcome(r.last()))
	return err
}
