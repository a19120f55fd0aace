package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"iter"
	"math"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/foreign"
	"github.com/seed-111a911e/messagebatches/internal/lines"
)

// streamBuffer is the most bytes of a stream that are read at a time: with less, sender and reader wait for each other more
// often.
const streamBuffer = 1 << 20

// idleTimeout is the longest time without a byte in a stream of results.
const idleTimeout = 2 * time.Minute

// Results yields the results of a batch that has ended, one for each request, in no particular order: match them by custom
// ID. Results are streamed; memory holds one line, bounded by [WithMaxLineBytes], and the IDs that were yielded.
//
// A stream that is truncated, stalls for 2 minutes, or lacks results is requested again, and results that were already
// yielded are skipped. Results gives up after [Retry.MaxAttempts] streams in a row without a new result, or when two
// streams end alike; a 404 is retried for up to 5 minutes, because the batch existed.
//
// A damaged line is an item whose Err is a [*LineError]; the remaining results still follow. If it has a custom ID but no
// result that can be read, it is yielded only after another stream has it too, because that stream may have the result. It
// never counts as a result.
//
// An error is the last thing Results yields. It is an [*IncompleteError] if the results are fewer than the batch's counts
// or differ from them, of kind [ErrNotEnded] if the batch still runs, of kind [ErrResultsGone] if its results were
// archived, and an [*APIError] if the service refused.
//
// Nothing is sent before the iteration begins. Leaving the iteration early closes the stream. Each iteration requests the
// results anew.
//
// API: GET /v1/messages/batches/{message_batch_id}/results
func (c *Client) Results(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		cl, err := c.newCall(opResults, opts)
		if err != nil {
			yield(nil, err)
			return
		}
		observeAll(ctx, &cl, id, yield, func(ctx context.Context, yield func(*Item, error) bool) {
			if err := c.results(ctx, &cl, id, yield); err != nil {
				yield(nil, err)
			}
		})
	}
}

// results yields the results of a batch. If it returns an error, the caller has not left the iteration.
func (c *Client) results(ctx context.Context, cl *call, id string, yield func(*Item, error) bool) error {
	batch, err := c.get(ctx, cl, id)
	if err == nil {
		err = readable(batch)
	}
	if err != nil {
		return err
	}
	r := &resultReader{
		client: c, call: cl, batch: batch, yield: yield, most: MaxRequests,
		given: make(map[string]int), yielded: make(map[uint64]int), seen: make(map[uint64]int), seed: maphash.MakeSeed(),
	}
	if total, ok := batch.total(); ok && total > MaxRequests {
		r.most = int(min(total, math.MaxInt32))
	}
	if err := r.run(ctx); err != nil && !r.left {
		return err
	}
	return nil
}

func readable(b *Batch) error {
	switch {
	case !b.Ended():
		return fmt.Errorf("results of batch %s: %w", foreign.Short(b.ID), ErrNotEnded)
	case !b.ArchivedAt.IsZero():
		return fmt.Errorf("results of batch %s: %w", foreign.Short(b.ID), ErrResultsGone)
	}
	return nil
}

// A resultReader reads the results of one batch, over as many streams as it takes.
type resultReader struct {
	client *Client
	call   *call
	batch  *Batch
	yield  func(*Item, error) bool
	left   bool // the caller has left the iteration

	got     RequestCounts
	most    int            // how many results, and how many damaged lines, the streams may have in all
	given   map[string]int // custom ids of results, with the stream that last had them
	damaged int            // lines that were yielded as damaged
	yielded map[uint64]int // how often each of those lines was, by its hash
	seen    map[uint64]int // how often an earlier stream had a damaged line
	seed    maphash.Seed   // of the hashes

	stream      int            // number of the current stream
	lastChance  bool           // there will be no further stream
	results     int            // in the current stream
	now         map[uint64]int // damaged lines of the current stream, by hash
	damagedNow  int            // number of those lines
	end         lines.Line     // the last line that was read
	replacement *APIError      // an error that the current stream has in place of a line
}

// run reads streams until the results are complete, or another stream would not help.
func (r *resultReader) run(ctx context.Context) error {
	type end struct{ results, damaged int }
	emptyStreams, lastEnd, began := 0, end{-1, -1}, time.Now()
	for {
		r.stream++
		r.lastChance = emptyStreams+1 >= r.call.retry.MaxAttempts
		r.results, r.damagedNow, r.end, r.replacement, r.now = 0, 0, lines.Line{}, nil, make(map[uint64]int)
		before := len(r.given)
		err := r.readStream(ctx)
		for key, n := range r.now {
			r.seen[key] = max(r.seen[key], n)
		}
		if err == nil && r.replacement != nil {
			err = r.replacement
		}
		this := end{r.results, r.damagedNow}
		switch {
		case r.left:
			return nil
		case r.complete():
			return nil // a failure after the last result does not matter
		case err == nil && this == lastEnd:
			return r.incomplete(nil) // two streams have ended alike: there is no more
		case err == nil:
			lastEnd, err = this, io.ErrUnexpectedEOF
		case !repeatable(err) && !r.client.passing404(r.batch.ID, err) || ctx.Err() != nil:
			return r.incomplete(err)
		}
		if len(r.given) > before {
			emptyStreams, began = 0, time.Now()
		}
		emptyStreams++
		passing := r.call.retry.MaxAttempts > 1 && r.client.passing404(r.batch.ID, err)
		if emptyStreams >= r.call.retry.MaxAttempts && !passing {
			return r.incomplete(err)
		}
		if failure := r.client.backoff(ctx, r.call, emptyStreams, began, another, err); failure != nil {
			return r.incomplete(failure)
		}
	}
}

// complete reports whether all results that the batch counts were yielded.
func (r *resultReader) complete() bool {
	want, got := r.batch.RequestCounts, r.got
	if got.Succeeded > want.Succeeded || got.Errored > want.Errored || got.Canceled > want.Canceled || got.Expired > want.Expired {
		return false
	}
	total, ok := r.batch.total()
	return ok && int64(len(r.given)) >= total-want.Processing
}

// incomplete returns the last error: err, if it is not nil and no result was yielded, and otherwise an [*IncompleteError].
func (r *resultReader) incomplete(err error) error {
	if err != nil && len(r.given) == 0 {
		return err
	}
	want := r.batch.RequestCounts
	want.Processing = 0
	return &IncompleteError{BatchID: r.batch.ID, Want: want, Got: r.got, Damaged: r.damaged, Err: err}
}

// readStream opens one stream and reads it to its end.
func (r *resultReader) readStream(ctx context.Context) error {
	once := *r.call
	once.once = true // run retries
	var resp *http.Response
	_, err := r.client.idempotent(ctx, &once, r.batch.ID, func() (*http.Request, error) {
		return gen.NewRetrieveMessageBatchResultsRequest(r.client.s().base.String(), r.batch.ID, &gen.RetrieveMessageBatchResultsParams{AnthropicVersion: r.call.version})
	}, func(opened *http.Response) error {
		resp = opened
		return nil
	})
	if err != nil {
		return err
	}
	if body, ok := resp.Body.(*watchedBody); ok {
		body.asStream(idleTimeout)
	}
	began, before := time.Now(), len(r.given)
	err = r.readLines(ctx, resp)
	r.call.streamEnded(ctx, StreamEnd{
		BatchID: r.call.seen.id(), Lines: r.end.Number, Results: len(r.given) - before, Damaged: r.damagedNow, Bytes: r.end.End, Err: err,
	}, began)
	return err
}

// readLines reads a stream to its end, and closes it.
func (r *resultReader) readLines(ctx context.Context, resp *http.Response) error {
	defer resp.Body.Close()
	op := r.call.op.String()
	in := lines.NewReader(bufio.NewReaderSize(resp.Body, streamBuffer), int64(r.call.maxLine))
	strange := !isJSONLines(resp.Header.Get("content-type"))
	for {
		line, err := in.Next()
		switch {
		case err == io.EOF:
			return nil
		case err == lines.ErrEndless:
			return localError{fmt.Errorf("%s, line %d: %w", op, in.Number(), err)}
		case err != nil:
			return fmt.Errorf("%s, line %d: %w", op, in.Number(), err)
		case strange && !bytes.Contains(line.Text, []byte("custom_id")):
			return parseAPIError(op, resp, line.Text, time.Now()) // an intermediary has responded in place of the API
		}
		strange = false
		r.end = line
		if err := r.take(ctx, line, resp); err != nil || r.left {
			return err
		}
	}
}

var (
	errLongLine   = errors.New("line is longer than WithMaxLineBytes allows")
	errNotResults = errors.New("there are more damaged lines than a batch can have requests")
	errTooMany    = errors.New("there are more results than a batch can have requests")
)

// isJSONLines reports whether a content type is one that the API, or a file store behind it, uses for results.
func isJSONLines(contentType string) bool {
	t, _, _ := mime.ParseMediaType(contentType)
	return strings.Contains(t, "jsonl") || strings.Contains(t, "ndjson") || t == "application/octet-stream"
}

// take yields one line, if it is new.
func (r *resultReader) take(ctx context.Context, line lines.Line, resp *http.Response) error {
	if line.Long {
		return r.takeDamaged(ctx, &Item{Malformed: &LineError{Line: line.Number, Err: errLongLine}})
	}
	item := ParseItem(line.Text, line.Number)
	if line.Cut && errors.Is(item.Malformed.cause(), io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s, line %d: %w", r.call.op, line.Number, io.ErrUnexpectedEOF) // truncated
	}
	if !item.whole() {
		if item.CustomID == "" {
			if apiErr := parseAPIError(r.call.op.String(), resp, line.Text, time.Now()); apiErr.fromAPI() {
				r.replacement = apiErr // with status 200: in place of the stream, or of the rest of it
				return r.damagedLine()
			}
		}
		return r.takeDamaged(ctx, &item)
	}
	id := r.key(item.CustomID)
	stream, known := r.given[id]
	if !known && len(r.given) == r.most {
		return localError{fmt.Errorf("%s: %w", r.call.op, errTooMany)}
	}
	r.given[id] = r.stream
	switch {
	case known && stream == r.stream:
		item.Malformed = &LineError{Line: line.Number, CustomID: item.CustomID, Err: ErrDuplicateResult}
		return r.takeDamaged(ctx, &item)
	case !known:
		r.count(item.Result)
		r.emit(ctx, &item)
	}
	r.results++
	return nil
}

// takeDamaged yields a line that is not a result, unless it was yielded from an earlier stream, or another stream may have
// it undamaged.
func (r *resultReader) takeDamaged(ctx context.Context, item *Item) error {
	key := maphash.Bytes(r.seed, item.Raw)
	if err := r.damagedLine(); err != nil {
		return err
	}
	r.now[key]++
	mayBeWhole := item.CustomID != "" && item.Result == nil
	if mayBeWhole && r.now[key] > r.seen[key] && !r.lastChance {
		return nil
	}
	if r.now[key] > r.yielded[key] {
		r.yielded[key]++
		r.damaged++
		r.emit(ctx, item)
	}
	return nil
}

// emit yields an item.
func (r *resultReader) emit(ctx context.Context, item *Item) {
	r.call.hooks.result(ctx, item)
	r.left = !r.yield(item, nil)
}

// damagedLine counts a line that is not a result. There may not be more of them than a batch has requests.
func (r *resultReader) damagedLine() error {
	if r.damagedNow++; r.damagedNow > r.most || len(r.seen) > r.most {
		return localError{fmt.Errorf("%s: %w", r.call.op, errNotResults)}
	}
	return nil
}

// key returns the key of a custom ID in r.given: a hash if the ID is far too long.
func (r *resultReader) key(id string) string {
	if len(id) <= 256 {
		return id
	}
	return fmt.Sprintf("%d bytes, %x", len(id), maphash.String(r.seed, id))
}

func (r *resultReader) count(result Result) {
	switch result.(type) {
	case *gen.BetaMessageBatchSucceededResult:
		r.got.Succeeded++
	case *gen.BetaMessageBatchErroredResult:
		r.got.Errored++
	case *gen.BetaMessageBatchCanceledResult:
		r.got.Canceled++
	case *gen.BetaMessageBatchExpiredResult:
		r.got.Expired++
	}
}

// An IncompleteError reports that the results are fewer than the batch's counts or differ from them. Those that were
// yielded are valid; the requests without a result are those whose custom IDs were not yielded.
type IncompleteError struct {
	// BatchID is the ID of the batch.
	BatchID string

	// Want is what the batch counted, and Got what was yielded, without results of types that are newer than the contract.
	Want, Got RequestCounts

	// Damaged is how many damaged lines were yielded. A missing result may be in one of them.
	Damaged int

	// Err is why reading ended, nil if the stream was read to its end.
	Err error
}

// Error returns how many results of each type were yielded, and how many the batch counts.
func (e *IncompleteError) Error() string {
	text := fmt.Sprintf("results of batch %s are incomplete: got %s of %s", foreign.Short(e.BatchID), counts(e.Got), counts(e.Want))
	if e.Damaged > 0 {
		text += fmt.Sprintf("; %d damaged lines", e.Damaged)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns Err.
func (e *IncompleteError) Unwrap() error { return e.Err }

func counts(c RequestCounts) string {
	return fmt.Sprintf("%d succeeded, %d errored, %d canceled, %d expired", c.Succeeded, c.Errored, c.Canceled, c.Expired)
}
