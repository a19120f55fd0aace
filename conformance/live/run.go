package live

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/bulk"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A run is one execution of the script against a service.
type run struct {
	Options
	recorder *recorder
	client   *client.Client
	base     string // URL of the service
	tag      string // prefix of the custom IDs of this run

	watermark     client.Watermark
	main, stopped *client.Batch // the batch that runs to its end, and the one that is canceled
	totals        bulk.Totals

	steps  []*step
	facts  []fact   // what the service did, for the comparison
	broken []string // sentences of the contract that did not hold

	created   []made
	uncertain []client.Attempt // creates that may have made a batch
	left      []string         // batches that could not be deleted
}

// A step is one step of the script.
type step struct {
	name, what string
	began      time.Time
	took       time.Duration
	saw        []string
	err        error // why it failed
	skipped    string
}

// A fact is an observation of a service in a step.
type fact struct{ step, name, value string }

// A made is a batch that the run has created.
type made struct {
	id, step     string
	began, ended time.Time // of the create, by our clock
	deleting     bool      // a delete was sent
	deleted      bool
}

func newRun(o Options) (*run, error) {
	o.Patience = cmp.Or(o.Patience, time.Hour)
	o.Cleanup = cmp.Or(o.Cleanup, 15*time.Minute)
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	r := &run{Options: o, recorder: newRecorder(o.Transport), tag: "live-" + rand.Text()[:16]}
	options := append([]client.Option{client.WithUserAgent("messagebatches-live")}, o.Client...)
	c, err := client.New(append(options, client.WithHTTPClient(&http.Client{Transport: r.recorder}))...)
	if err != nil {
		return nil, err
	}
	r.client, r.base = c, c.Raw().Server
	return r, nil
}

// say reports progress.
func (r *run) say(format string, args ...any) {
	censor := newCensor(r.recorder.of(""), r.recorder.secrets)
	fmt.Fprintln(r.Progress, censor.text(fmt.Sprintf(format, args...)))
}

// A skip says why a step cannot run.
type skip string

func (s skip) Error() string { return string(s) }

const errNoBatch skip = "there is no batch for it"

// step runs one step. Its failure does not end the script.
func (r *run) step(ctx context.Context, name, what string, do func(context.Context) error) {
	s := &step{name: name, what: what, began: time.Now()}
	r.steps = append(r.steps, s)
	err := error(skip("the run was interrupted"))
	if ctx.Err() == nil {
		r.recorder.begin(name)
		r.say("%s: %s", name, what)
		err = do(ctx)
	}
	s.took = time.Since(s.began)
	var skipped skip
	if errors.As(err, &skipped) {
		s.skipped = string(skipped)
	} else if err != nil {
		s.err = err
		r.say("%s failed: %v", name, err)
	}
}

// saw records a fact of the current step, which should be the same for the fake.
func (r *run) saw(name, format string, args ...any) {
	s := r.steps[len(r.steps)-1]
	value := fmt.Sprintf(format, args...)
	s.saw = append(s.saw, name+": "+value)
	r.facts = append(r.facts, fact{s.name, name, value})
}

// note records an observation of the current step that may differ between services.
func (r *run) note(format string, args ...any) {
	s := r.steps[len(r.steps)-1]
	s.saw = append(s.saw, fmt.Sprintf(format, args...))
}

// expect records a violated statement of the contract, or of the client's documentation, unless ok is true.
func (r *run) expect(ok bool, format string, args ...any) {
	line := r.steps[len(r.steps)-1].name + ": " + fmt.Sprintf(format, args...)
	if !ok && !slices.Contains(r.broken, line) {
		r.broken = append(r.broken, line)
	}
}

// last returns the newest exchange of the current step, nil if there is none.
func (r *run) last() *exchange {
	all := r.recorder.of(r.steps[len(r.steps)-1].name)
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

// outcome describes a response by the parts on which programs depend: its status, and the type of its error.
func outcome(e *exchange) string {
	switch {
	case e == nil:
		return "nothing was sent"
	case e.status == 0:
		return "no response"
	case e.status/100 == 2:
		return fmt.Sprint(e.status)
	}
	if kind := errorOf(e).Error.Type; kind != "" {
		return fmt.Sprint(e.status, " ", kind)
	}
	return fmt.Sprint(e.status, " without the API's JSON")
}

// An apiError is the body of an unsuccessful response.
type apiError struct {
	Error struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"error"`
	RequestID *string `json:"request_id"`
}

// errorOf reads the error in a response, zero if there is none.
func errorOf(e *exchange) (body apiError) {
	if json.Unmarshal(e.body, &body) != nil {
		return apiError{}
	}
	return body
}

// createTime bounds a create. An interrupt does not cancel it, because it would then be unknown whether there is a
// batch.
const createTime = 2 * time.Minute

// create creates a batch with the client, and records it.
func (r *run) create(ctx context.Context, requests []client.Request, opts ...client.CallOption) (*client.Batch, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTime)
	defer cancel()
	began := time.Now()
	batch, err := r.client.Create(ctx, requests, append(opts, client.WithWatermark(r.watermark))...)
	var uncertain *client.UncertainError
	switch {
	case err == nil:
		r.made(batch.ID, began)
	case errors.As(err, &uncertain):
		r.uncertain = append(r.uncertain, uncertain.Attempt)
	}
	return batch, err
}

// made records a batch, so that it is deleted whatever happens.
func (r *run) made(id string, began time.Time) {
	r.created = append(r.created, made{id: id, step: r.steps[len(r.steps)-1].name, began: began, ended: time.Now()})
	r.say("created batch %s", id)
}

// setDeleting records that a batch may be gone, because a delete is sent.
func (r *run) setDeleting(id string) { r.change(id, func(m *made) { m.deleting = true }) }

// setDeleted records that a batch is gone.
func (r *run) setDeleted(id string) { r.change(id, func(m *made) { m.deleted = true }) }

func (r *run) change(id string, do func(*made)) {
	for i := range r.created {
		if r.created[i].id == id {
			do(&r.created[i])
		}
	}
}

// probe sends a create with a body that the client would not send, once, and records the batch if one is created, which
// should not happen. Requests is how many requests such a batch would have, or 0 if it is impossible.
func (r *run) probe(ctx context.Context, body io.Reader, size int64, requests int) (*exchange, error) {
	if requests > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), createTime)
		defer cancel()
	}
	began := time.Now()
	setSize := func(_ context.Context, req *http.Request) error { req.ContentLength = size; return nil }
	err := drain(r.client.Raw().CreateMessageBatchWithBody(ctx, &gen.CreateMessageBatchParams{}, "application/json", body, setSize))
	e := r.last()
	var batch client.Batch
	if err == nil && e.status/100 == 2 && batch.UnmarshalJSON(e.body) == nil && batch.ID != "" {
		r.made(batch.ID, began)
		return e, nil
	}
	refused := err == nil && e.status/100 == 4 && e.status != http.StatusRequestTimeout && e.status != http.StatusConflict
	if requests > 0 && !refused {
		r.uncertain = append(r.uncertain, client.Attempt{
			Requests: requests, Bytes: size, Started: began, Ended: time.Now(), Watermark: r.watermark,
		})
	}
	return e, err
}

// probeJSON is probe for a body in memory.
func (r *run) probeJSON(ctx context.Context, body []byte, requests int) (*exchange, error) {
	return r.probe(ctx, bytes.NewReader(body), int64(len(body)), requests)
}

// drain reads a response to its end, for the recorder.
func drain(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
