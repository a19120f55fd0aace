package client_test

import (
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A partReader is a transport that reads part of a body, keeps the body, and then loses the connection.
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

// TestConnectionLostAroundTheLastByte loses the connection before and after the last byte of a body: only after it may
// there be a batch. A transport that continues to read afterwards receives nothing, and the requests are not read again.
func TestConnectionLostAroundTheLastByte(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]int{"short": 3, "longer than what is encoded at a time": 3 * client.PieceBytes / len(distinctLines(1))} {
		for _, left := range []int64{70_000, 64 << 10, 2, 1, 0} {
			transport := &partReader{left: left}
			c := batchtest.New(t).Client(once, client.WithHTTPClient(&http.Client{Transport: transport}))
			lines := &countedReader{Reader: strings.NewReader(distinctLines(n))}
			_, err := c.CreateLines(t.Context(), lines)
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

// TestCreateHoldsNoBody sends 64 MB with little memory.
//
// It does not run in parallel with other tests, because it counts allocations.
func TestCreateHoldsNoBody(t *testing.T) {
	const size = 64 << 20
	batch := largeRequests(64)
	c, err := client.New(client.WithoutEnvironment(), client.WithAPIKey("k"), client.WithHTTPClient(&http.Client{
		Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if n, err := io.Copy(io.Discard, r.Body); n != r.ContentLength || n < size || err != nil {
				t.Errorf("got %d bytes, %v", n, err)
			}
			return &http.Response{StatusCode: 429, Header: make(http.Header), Body: http.NoBody}, nil
		}),
	}))
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := c.Create(t.Context(), batch); err == nil {
		t.Error("no error")
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > size/4 {
		t.Errorf("%d bytes were allocated in all", got)
	}
}
