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
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/lines"
)

// streamBuffer is how much of a stream is read at a time at the most: with less, sender and reader wait for each other
// more often.
const streamBuffer = 1 << 20

// idleTimeout is the longest time without a byte in a stream of results.
const idleTimeout = 2 * time.Minute

// Results gives the results of a batch that has ended, one for each request, in no particular order: match them by
// custom id. The results are streamed; memory holds one line, bounded by [WithMaxLine], and the ids that were given.
//
// A stream that is cut, or that stalls for 2 minutes, is asked for again, and what was given before is passed over. That
// ends after as many streams without a new line as [Retry.MaxAttempts] says, or when two have ended by themselves in
// the same place. In the end the lines are counted, and an [*IncompleteError] says if there are not as many of each
// type as the batch's counts promise.
//
// A line that cannot be read as it should comes as a [*LineError], together with the item if it is whole but for an odd
// field, and the next line follows. Any other error is the last thing that Results gives: it is of kind [ErrNotEnded]
// if the batch still runs, [ErrResultsGone] if its results were archived, and an [*APIError] if the service has
// refused.
//
// Nothing is sent before the iteration begins. Leaving the iteration early closes the stream. Each iteration asks for
// the results anew.
//
// API: GET /v1/messages/batches/{message_batch_id}/results
func (c *Client) Results(ctx context.Context, id string, opts ...CallOption) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		cl, err := c.newCall(opts)
		if err != nil {
			yield(nil, err)
			return
		}
		batch, err := c.get(ctx, &cl, id)
		if batch == nil {
			yield(nil, err)
			return
		}
		if err := readable(batch); err != nil {
			yield(nil, fmt.Errorf("results of batch %s: %w", id, err))
			return
		}
		r := &resultReader{
			client: c, call: &cl, batch: batch, yield: yield,
			given: make(map[string]int), badGiven: make(map[uint64]int), seed: maphash.MakeSeed(),
		}
		if err := r.run(ctx); err != nil && !r.left {
			yield(nil, err)
		}
	}
}

func readable(b *Batch) error {
	switch {
	case !b.Ended():
		return ErrNotEnded
	case !b.ArchivedAt.IsZero():
		return ErrResultsGone
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

	got      gen.BetaRequestCounts
	given    map[string]int // custom ids and the stream that last had them
	badGiven map[uint64]int // how often a line was given as a LineError, by its hash
	badNow   map[uint64]int // how often the current stream had it
	lost     int64          // lines that could not be read and may hold a result
	seed     maphash.Seed   // of the hashes
	stream   int            // number of the current stream
	lines    int            // in the current stream
}

// run reads streams until one has come to its end with everything in it, or reading again does not help.
func (r *resultReader) run(ctx context.Context) error {
	const op = "retrieve results"
	fruitless, lastEnd := 0, -1
	for {
		r.stream++
		r.lines, r.lost, r.badNow = 0, 0, make(map[uint64]int)
		before := len(r.given) + len(r.badGiven)
		err := r.readStream(ctx, op)
		switch {
		case r.left:
			return nil
		case r.complete() && (err == nil || r.lost == 0):
			return nil // a failure behind the last result costs nothing
		case err == nil && r.lines == lastEnd:
			return r.incomplete(nil) // two streams have ended by themselves in the same place: that is all there is
		case err == nil:
			lastEnd, err = r.lines, io.ErrUnexpectedEOF
		case !repeatable(err) || ctx.Err() != nil:
			return r.incomplete(err)
		}
		if len(r.given)+len(r.badGiven) > before {
			fruitless = 0
		}
		fruitless++
		if fruitless >= r.call.retry.MaxAttempts {
			return r.incomplete(err)
		}
		if failure := r.client.backoff(ctx, r.call, op, fruitless, err); failure != nil {
			return r.incomplete(failure)
		}
	}
}

// complete reports whether everything that the batch counted has been given, or was lost in lines that cannot be read.
func (r *resultReader) complete() bool {
	want, got := r.batch.RequestCounts, r.got
	if got.Succeeded > want.Succeeded || got.Errored > want.Errored || got.Canceled > want.Canceled || got.Expired > want.Expired {
		return false
	}
	total, ok := r.batch.total()
	return ok && int64(len(r.given))+r.lost >= total-want.Processing
}

// incomplete makes the last error: nothing was given yet, or some of it is missing.
func (r *resultReader) incomplete(err error) error {
	if err != nil && len(r.given) == 0 {
		return err
	}
	want := r.batch.RequestCounts
	want.Processing = 0
	return &IncompleteError{BatchID: r.batch.ID, Want: want, Got: r.got, Err: err}
}

// readStream opens one stream and reads it to its end.
func (r *resultReader) readStream(ctx context.Context, op string) error {
	once := *r.call
	once.retry.MaxAttempts = 1 // run repeats
	var resp *http.Response
	_, err := r.client.idempotent(ctx, &once, op, func() (*http.Request, error) {
		return gen.NewRetrieveMessageBatchResultsRequest(r.client.s().base.String(), r.batch.ID, &gen.RetrieveMessageBatchResultsParams{AnthropicVersion: r.call.version})
	}, func(answer *http.Response) error {
		resp = answer
		return nil
	})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if body, ok := resp.Body.(*watchedBody); ok {
		body.asStream(idleTimeout)
	}
	in := lines.NewReader(bufio.NewReaderSize(resp.Body, streamBuffer), int64(r.call.maxLine))
	strange := !isJSONLines(resp.Header.Get("content-type"))
	for {
		line, err := in.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("%s, line %d: %w", op, in.Number(), err)
		case strange && !bytes.Contains(line.Text, []byte("custom_id")):
			return parseAPIError(op, resp, line.Text, time.Now()) // something on the way has answered in place of the API
		case line.Long:
			r.lost++
			r.giveBad(nil, &LineError{Line: line.Number, Err: errLongLine})
		default:
			err = r.give(line, op, resp)
		}
		strange = false
		if err != nil || r.left {
			return err
		}
	}
}

var errLongLine = errors.New("line is longer than the bound that WithMaxLine sets")

// isJSONLines reports whether a content type is one that the API, or a store of files behind it, gives to results.
func isJSONLines(contentType string) bool {
	t, _, _ := mime.ParseMediaType(contentType)
	return strings.Contains(t, "jsonl") || strings.Contains(t, "ndjson") || t == "application/octet-stream"
}

// give hands one line to the caller.
func (r *resultReader) give(line lines.Line, op string, resp *http.Response) error {
	item := new(Item)
	err := item.UnmarshalJSON(line.Text)
	if item.Result == nil {
		if apiErr := parseAPIError(op, resp, line.Text, time.Now()); apiErr.fromAPI() {
			return apiErr // with status 200: in place of the stream, or as its last line
		}
	}
	if line.Cut && errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s, line %d: %w", op, line.Number, io.ErrUnexpectedEOF) // cut in the middle
	}
	r.lines++
	bad := func(err error) *LineError {
		return &LineError{Line: line.Number, CustomID: item.CustomID, Raw: item.Raw, Err: err}
	}
	stream, ok := r.given[item.CustomID]
	part := err != nil && !errors.As(err, new(*gen.DecodeError)) // what was read is a part of an item
	if item.CustomID == "" || item.Result == nil || part {
		if !ok {
			r.lost++
		}
		r.giveBad(nil, bad(err))
		return nil
	}
	r.given[item.CustomID] = r.stream
	switch {
	case ok && stream == r.stream:
		r.giveBad(item, bad(errors.New("the custom id has been there before")))
	case !ok && err != nil:
		r.count(item.Result)
		r.left = !r.yield(item, bad(err))
	case !ok:
		r.count(item.Result)
		r.left = !r.yield(item, nil)
	}
	return nil
}

// giveBad hands over a line that is no result, unless an earlier stream had it.
func (r *resultReader) giveBad(item *Item, bad *LineError) {
	key := maphash.Bytes(r.seed, bad.Raw)
	r.badNow[key]++
	if r.badNow[key] > r.badGiven[key] {
		r.badGiven[key]++
		r.left = !r.yield(item, bad)
	}
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
