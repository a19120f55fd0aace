package batchtest

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/envelope"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

// create checks the batch as a whole. The parameters of its requests are checked when they run.
func (s *Service) create(c call) (any, *failure) {
	requests, fail := readBody(http.MaxBytesReader(nil, c.Body, envelope.MaxBytes))
	if fail != nil {
		return nil, fail
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	b := s.newBatch(requests, now)
	b.workspace = c.workspace
	b.checks = preflight.Options{Version: gen.AnthropicVersion(c.Header.Get("anthropic-version")), Betas: betasOf(c.Header)}
	c.noted.BatchID = b.state.ID
	return b.state, nil
}

// readBody reads the body of a create call. Only one request at a time is in memory beside the parameters that are kept.
func readBody(body io.Reader) ([]request, *failure) {
	in := &watchedReader{Reader: body}
	decoder := jsontext.NewDecoder(in, jsontext.AllowDuplicateNames(true))
	var l requestList
	err := l.readBody(decoder)
	if err == nil {
		if _, end := decoder.ReadToken(); end != io.EOF {
			err = cmp.Or(end, errors.New("there is more after the value"))
		}
	}
	io.Copy(io.Discard, in) // size comes first: the edge of the service looks at nothing else
	switch {
	case errors.As(in.err, new(*http.MaxBytesError)):
		return nil, &failure{http.StatusRequestEntityTooLarge, &gen.Unknown{Raw: []byte(`{"type":"request_too_large","message":"Request exceeds the maximum size"}`)}}
	case in.err != nil:
		panic(http.ErrAbortHandler) // the caller has gone
	case err != nil:
		return nil, invalid("The request body is not valid JSON: %v", err)
	case l.fail != nil:
		return nil, l.fail
	case l.n == 0 || l.n > envelope.MaxRequests:
		return nil, invalid("requests: a batch has 1 to %d requests, not %d", envelope.MaxRequests, l.n)
	}
	return l.requests, nil
}

// A watchedReader tells a body that could not be read from one that is not JSON.
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

// A requestList is the requests of a batch that is being read.
type requestList struct {
	requests []request
	n        int // requests so far, also those that are too many
	ids      map[string]bool
	fail     *failure // the first one
}

// readBody reads the body, which is too large to be in memory as a whole.
func (l *requestList) readBody(in *jsontext.Decoder) error {
	return l.enter(in, '{', func() error {
		name, err := in.ReadValue()
		if err != nil {
			return err
		}
		if s, _ := jsontext.AppendUnquote(nil, name); string(s) != "requests" {
			return in.SkipValue()
		}
		*l = requestList{ids: make(map[string]bool)} // the last one of two lists wins
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
		if got != 'n' { // null is like absent
			l.refuse("%s: expected %s, got %s", dotted("", in.StackPointer()), wire.KindName(open), wire.KindName(got))
		}
		return err
	}
	_, err := in.ReadToken()
	for err == nil && in.PeekKind() != open+2 { // where } and ] are in ASCII
		err = each()
	}
	if err == nil {
		_, err = in.ReadToken()
	}
	return err
}

// add takes one request.
func (l *requestList) add(v jsontext.Value) {
	i := l.n
	l.n++
	var r envelope.Request
	_ = wire.Unmarshal(v, &r, envelope.Decode) // a value of the wrong kind is absent
	switch {
	case l.fail != nil || i >= envelope.MaxRequests:
		return
	case v.Kind() != '{':
		l.refuse("requests.%d: must be an object", i)
	case !envelope.IsCustomID(r.CustomID):
		l.refuse("requests.%d.custom_id: must match %s", i, envelope.CustomIDPattern)
	case l.ids[r.CustomID]:
		l.refuse("requests.%d.custom_id: is not unique within the batch", i)
	case !r.HasParams():
		l.refuse("requests.%d.params: must be an object", i)
	}
	l.ids[r.CustomID] = true
	l.requests = append(l.requests, request{customID: r.CustomID, params: bytes.Clone(r.Params)})
}

// refuse notes what is wrong with the batch, unless something was before.
func (l *requestList) refuse(format string, args ...any) {
	if l.fail == nil {
		l.fail = invalid(format, args...)
	}
}

// dotted writes a place the way the service does: messages.0.content.
func dotted(root string, p jsontext.Pointer) string {
	for token := range p.Tokens() {
		root += "." + token
	}
	return strings.TrimPrefix(root, ".")
}
