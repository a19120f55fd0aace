package batchtest

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/limits"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// readCreateBody reads the body of a create call into l. Except for what is stored, only one request at a time is in
// memory.
func (l *requestList) readCreateBody(body io.ReadCloser) *failure {
	in := &watchedReader{Reader: http.MaxBytesReader(nil, body, limits.MaxBytes)}
	decoder := jsontext.NewDecoder(in, jsontext.AllowDuplicateNames(true))
	err := l.readBody(decoder)
	if err == nil {
		if _, end := decoder.ReadToken(); end != io.EOF {
			err = cmp.Or(end, errors.New("unexpected data after the value"))
		}
	}
	io.Copy(io.Discard, in) // the size is checked first: the edge of the service checks nothing else
	switch {
	case errors.As(in.err, new(*http.MaxBytesError)):
		return &failure{status: http.StatusRequestEntityTooLarge, err: &gen.Unknown{Raw: []byte(`{"type":"request_too_large","message":"Request exceeds the maximum size"}`)}}
	case in.err != nil:
		panic(http.ErrAbortHandler) // the caller has gone
	case err != nil:
		return invalidRequest("The request body is not valid JSON: %v", err)
	case l.fail != nil:
		return l.fail
	}
	if err := l.CheckCount(); err != nil {
		return invalidRequest("requests: %v", err)
	}
	return nil
}

// A watchedReader distinguishes a body that could not be read from one that is not JSON.
type watchedReader struct {
	io.Reader
	err error
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// A requestList collects the requests of a batch while its body is read.
type requestList struct {
	limits.Ledger // of all requests, including those beyond the limit
	*spooler
	checks  preflight.Options
	invalid []int    // requests whose params do not fit the contract
	caches  bool     // whether a request has a cache breakpoint
	fail    *failure // the first one
}

// readBody reads the body, which may be too large to be held in memory.
func (l *requestList) readBody(in *jsontext.Decoder) error {
	return l.enter(in, '{', func() error {
		name, err := in.ReadValue()
		if err != nil {
			return err
		}
		if s, _ := jsontext.AppendUnquote(nil, name); string(s) != "requests" {
			return in.SkipValue()
		}
		l.spooler.reset() // of two lists the last one wins
		*l = requestList{spooler: l.spooler, checks: l.checks}
		return l.enter(in, '[', func() error {
			v, err := in.ReadValue()
			if err == nil {
				l.add(v)
			}
			return err
		})
	})
}

// enter reads an object or a list and calls each where a property or an element begins.
func (l *requestList) enter(in *jsontext.Decoder, open jsontext.Kind, each func() error) error {
	if got := in.PeekKind(); got != open {
		err := in.SkipValue()
		if got != 'n' { // null means absent
			l.refuse("%s: expected %s, got %s", dotted("", in.StackPointer()), wire.KindName(open), wire.KindName(got))
		}
		return err
	}
	_, err := in.ReadToken()
	for err == nil && in.PeekKind() != open+2 { // } and ] follow { and [ by 2 in ASCII
		err = each()
	}
	if err == nil {
		_, err = in.ReadToken()
	}
	return err
}

// add adds one request.
func (l *requestList) add(v jsontext.Value) {
	i := l.Requests
	l.Add(len(v))
	var r limits.Request
	_ = wire.Unmarshal(v, &r, limits.Decode) // a value of the wrong kind counts as absent
	_, duplicate := l.Note(r.CustomID, i)
	switch {
	case l.fail != nil || i >= limits.MaxRequests:
		return
	case v.Kind() != '{':
		l.refuse("requests.%d: must be an object", i)
	case !limits.IsCustomID(r.CustomID):
		l.refuse("requests.%d.custom_id: must match %s", i, limits.CustomIDPattern)
	case duplicate:
		l.refuse("requests.%d.custom_id: is not unique within the batch", i)
	case !r.HasParams():
		l.refuse("requests.%d.params: must be an object", i)
	}
	q := request{customID: r.CustomID, params: r.Params}
	if q.mistake(l.checks) != "" {
		l.invalid = append(l.invalid, i)
	}
	l.caches = l.caches || bytes.Contains(q.params, []byte(`"cache_control"`))
	l.spooler.add(q, v)
}

// refuse records why the batch is refused; the first reason counts.
func (l *requestList) refuse(format string, args ...any) {
	if l.fail == nil {
		l.fail = invalidRequest(format, args...)
	}
}
