package batchtest

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

const (
	maxBody     = 256_000_000
	maxRequests = 100_000
)

var customID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`) })

// create checks the batch as a whole. The parameters of its requests are checked when they run.
func (s *Service) create(c call) (any, *failure) {
	requests, fail := readBody(http.MaxBytesReader(nil, c.Body, maxBody))
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
	err := wire.UnmarshalFrom(decoder, &l, decodeBody)
	misfit, fits := errors.AsType[*wire.DecodeError](err)
	if err == nil || fits {
		if _, end := decoder.ReadToken(); end != io.EOF {
			err, fits = cmp.Or(end, errors.New("there is more after the value")), false
		}
	}
	io.Copy(io.Discard, in) // size comes first: the edge of the service looks at nothing else
	switch {
	case errors.As(in.err, new(*http.MaxBytesError)):
		return nil, &failure{http.StatusRequestEntityTooLarge, &gen.Unknown{Raw: []byte(`{"type":"request_too_large","message":"Request exceeds the maximum size"}`)}}
	case in.err != nil:
		panic(http.ErrAbortHandler) // the caller has gone
	case err != nil && !fits:
		return nil, invalid("The request body is not valid JSON: %v", err)
	case l.fail != nil:
		return nil, l.fail
	case fits:
		return nil, invalid("%s: %s", dotted("", misfit.Pointer), misfit.Reason)
	case l.n == 0 || l.n > maxRequests:
		return nil, invalid("requests: a batch has 1 to %d requests, not %d", maxRequests, l.n)
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

func decodeBody(d *wire.Decoder, l *requestList) {
	if !d.Object() {
		return
	}
	for name := d.Name(); name != nil; name = d.Name() {
		if string(name) != "requests" {
			d.Skip()
			continue
		}
		*l = requestList{ids: make(map[string]bool)} // the last one of two lists wins
		if d.List() {
			for ; d.Kind() != ']' && !d.Failed(); l.n++ {
				l.decode(d)
			}
			d.End()
		}
	}
}

// decode reads one request.
func (l *requestList) decode(d *wire.Decoder) {
	var r request
	if !d.Object() {
		if l.fail == nil {
			l.fail = invalid("requests.%d: must be an object", l.n)
		}
		return
	}
	for name := d.Name(); name != nil; name = d.Name() {
		switch string(name) {
		case "custom_id":
			wire.DecodeString(d, &r.customID)
		case "params":
			r.params = bytes.Clone(d.Value())
		default:
			d.Skip()
		}
	}
	if d.Failed() {
		return
	}
	switch {
	case l.fail != nil || l.n >= maxRequests:
		return
	case !customID().MatchString(r.customID):
		l.fail = invalid("requests.%d.custom_id: must match %s", l.n, customID())
	case l.ids[r.customID]:
		l.fail = invalid("requests.%d.custom_id: is not unique within the batch", l.n)
	case r.params.Kind() != '{':
		l.fail = invalid("requests.%d.params: must be an object", l.n)
	}
	l.ids[r.customID] = true
	l.requests = append(l.requests, r)
}

// dotted writes a place the way the service does: messages.0.content.
func dotted(root string, p jsontext.Pointer) string {
	for token := range p.Tokens() {
		root += "." + token
	}
	return strings.TrimPrefix(root, ".")
}
