package client_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A partReader is a transport that reads a part of a body and then loses the connection. It keeps the body.
type partReader struct {
	size, left int64
	body       io.ReadCloser
}

func (r *partReader) RoundTrip(req *http.Request) (*http.Response, error) {
	r.size, r.body = req.ContentLength, req.Body
	if _, err := io.CopyN(io.Discard, req.Body, req.ContentLength-r.left); err != nil {
		return nil, err
	}
	return nil, errors.New("connection lost")
}

// A countedReader counts how often it is used.
type countedReader struct {
	*strings.Reader
	uses atomic.Int64
}

func (r *countedReader) Read(p []byte) (int, error) {
	r.uses.Add(1)
	return r.Reader.Read(p)
}

func (r *countedReader) Seek(offset int64, whence int) (int64, error) {
	r.uses.Add(1)
	return r.Reader.Seek(offset, whence)
}

// TestCreateOfAPart loses the connection before the last byte, and behind it: only then may there be a batch. A transport
// that reads on afterwards gets nothing, and the requests are left alone.
func TestCreateOfAPart(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]int{"short": 3, "longer than what is encoded at a time": 5000} {
		for _, left := range []int64{70_000, 64 << 10, 2, 1, 0} {
			transport := &partReader{left: left}
			c := newClient(t, batchtest.New(t), once, client.WithHTTPClient(&http.Client{Transport: transport}))
			lines := &countedReader{Reader: strings.NewReader(distinctLines(n))}
			_, err := c.CreateJSON(t.Context(), lines)
			if left >= transport.size {
				continue // there is no such part
			}
			if uncertain := errors.As(err, new(*client.UncertainError)); err == nil || uncertain != (left == 0) {
				t.Errorf("%s, %d bytes before the end: got %v", name, left, err)
			}
			before := lines.uses.Load()
			rest, err := io.ReadAll(transport.body)
			if len(rest) > 0 || err == nil || lines.uses.Load() != before {
				t.Errorf("%s, %d bytes before the end: %d bytes can still be read, %v", name, left, len(rest), err)
			}
		}
	}
}

// TestErrorsShowNoText puts a text where a name belongs, as a quotation mark does that was not escaped.
func TestErrorsShowNoText(t *testing.T) {
	t.Parallel()
	const text, broken = "SECRET", `{"SECRET":{"SECRET":x}}`
	s := batchtest.New(t, batchtest.WithDuration(0))
	c := newClient(t, s, once)
	batch, err := c.Create(t.Context(), client.BatchParams{Requests: requests(1)})
	if err != nil {
		t.Fatal(err)
	}
	s.Inject(batchtest.Results, batchtest.Status(200, `{"custom_id":"a","result":`+broken+"}\n", "content-type", "application/x-jsonl"))
	tool := requests(1)
	tool[0].Params.Tools = []gen.BetaToolUnion{&gen.BetaTool{Name: "t", InputSchema: []byte(broken)}}

	_, created := c.Create(t.Context(), client.BatchParams{Requests: tool})
	_, lines := c.CreateJSON(t.Context(), strings.NewReader(`{"custom_id":"a","params":`+broken+`}`))
	var line error
	for _, err := range c.Results(t.Context(), batch.ID) {
		if line == nil {
			line = err
		}
	}
	for name, err := range map[string]error{"Create": created, "CreateJSON": lines, "Results": line} {
		if err == nil || strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), "invalid character 'x'") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
