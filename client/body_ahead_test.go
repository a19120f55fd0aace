package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/internal/parallel"
)

// A firstByte is a transport that reads the first byte of a body, so that the second piece is encoded, and waits until that
// has come to a place. Then it loses the connection or, if it is patient, reads the rest.
type firstByte struct {
	place   <-chan bool
	patient bool
	sent    int64
	size    int64 // of the body
}

func (f *firstByte) RoundTrip(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	f.size = r.ContentLength
	f.sent, _ = io.CopyN(io.Discard, r.Body, 1)
	<-f.place
	if !f.patient {
		return nil, errors.New("connection lost")
	}
	n, err := io.Copy(io.Discard, r.Body)
	f.sent += n
	return nil, err
}

// A lateReader does something in the Read of the second piece of a body.
type lateReader struct {
	*strings.Reader
	rewinds int
	place   chan bool // closed then
	what    func()
	inUse   atomic.Bool
}

// newLateReader returns lines for a body of some more bytes than a piece.
func newLateReader(more int) *lateReader {
	var b strings.Builder
	for i := 0; b.Len() < client.PieceBytes+more; i++ {
		fmt.Fprintf(&b, `{"custom_id":"r%d","params":{"x":"%s"}}`+"\n", i, letters[:1000])
	}
	return &lateReader{Reader: strings.NewReader(b.String()), place: make(chan bool)}
}

func (r *lateReader) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekStart {
		r.rewinds++
	}
	return r.Reader.Seek(offset, whence)
}

func (r *lateReader) Read(p []byte) (int, error) {
	r.inUse.Store(true)
	defer r.inUse.Store(false)
	if at := r.Size() - int64(r.Len()); r.rewinds == 2 && at > client.PieceBytes+8<<10 && r.what != nil {
		what := r.what
		r.what = nil
		close(r.place)
		what()
	}
	return r.Reader.Read(p[:min(len(p), 2<<10)])
}

// TestEndWhileTheNextPieceIsEncoded ends attempts while the second piece of a body is encoded and something happens there:
// there is no batch, the call does not wait for a Read that blocks, and it panics if the source has.
func TestEndWhileTheNextPieceIsEncoded(t *testing.T) {
	t.Parallel()
	blocks := func(_ *lateReader, release chan bool) func() { return func() { <-release } }
	slow := func(*lateReader, chan bool) func() { return func() { <-time.After(50 * time.Millisecond) } }
	boom := func(*lateReader, chan bool) func() { return func() { panic("boom") } }
	exit := func(*lateReader, chan bool) func() { return runtime.Goexit }
	ends := func(r *lateReader, _ chan bool) func() { return func() { r.Reader.Seek(0, io.SeekEnd) } }
	objects := func() error { return errors.New("the lease is lost") }
	for name, tt := range map[string]struct {
		more    int // bytes of the second piece and those after it
		what    func(*lateReader, chan bool) func()
		patient bool // the connection is not lost
		fence   func() error
		want    string
		took    time.Duration
	}{
		"lost/blocks":       {2 << 20, blocks, false, nil, "connection lost", 100 * time.Millisecond},
		"lost/slow":         {2 << 20, slow, false, nil, "connection lost", 50 * time.Millisecond},
		"lost/panics":       {2 << 20, boom, false, nil, "boom", 0},
		"lost/exits":        {2 << 20, exit, false, nil, "Goexit", 0},
		"lost/ends early":   {2 << 20, ends, false, nil, "connection lost", 0},
		"read/blocks":       {2 << 20, blocks, true, nil, context.DeadlineExceeded.Error(), time.Minute + 100*time.Millisecond},
		"read/panics":       {2 << 20, boom, true, nil, "boom", 0},
		"read/exits":        {2 << 20, exit, true, nil, "Goexit", 0},
		"read/ends early":   {2 << 20, ends, true, nil, "have changed since they were checked", 0},
		"fenced/blocks":     {32 << 10, blocks, true, objects, "fence: the lease is lost", 100 * time.Millisecond},
		"fenced/panics":     {32 << 10, boom, true, objects, "boom", 0},
		"fenced/fence too":  {32 << 10, slow, true, func() error { panic("of the fence") }, "of the fence", 50 * time.Millisecond},
		"fenced/ends early": {32 << 10, ends, true, objects, "fence: the lease is lost", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				release := make(chan bool)
				r := newLateReader(tt.more)
				r.what = tt.what(r, release)
				transport := &firstByte{place: r.place, patient: tt.patient}
				c := batchtest.New(t).Client(once, client.WithHTTPClient(&http.Client{Transport: transport}))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				asked := 0
				var opts []client.CallOption
				if tt.fence != nil {
					opts = append(opts, client.WithFence(func() error {
						asked++
						return tt.fence()
					}))
				}
				began := time.Now()
				var batch *client.Batch
				var err error
				p := parallel.Catch(func() { batch, err = c.CreateLines(ctx, r, opts...) })
				took := time.Since(began)
				if p != nil {
					err = p
				}
				if batch != nil || err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, new(*client.UncertainError)) {
					t.Errorf("got %v, %v", batch, err)
				}
				if took != tt.took {
					t.Errorf("it took %s", took)
				}
				if transport.sent >= transport.size || tt.fence != nil && (asked != 1 || transport.size-transport.sent < 64<<10) {
					t.Errorf("%d bytes of %d were sent, the fence was called %d times", transport.sent, transport.size, asked)
				}
				if inUse := r.inUse.Load(); inUse != strings.Contains(name, "blocks") {
					t.Errorf("the reader is in use: %v", inUse)
				}
				close(release)
			})
		})
	}
}

// TestValuesAfterALostConnection changes requests as soon as Create has returned, while it was encoding a large one of them:
// the race detector finds whoever still reads it.
func TestValuesAfterALostConnection(t *testing.T) {
	t.Parallel()
	for range 3 {
		r := largeRequests(3)
		r[1].Params.Messages = []client.InputMessage{client.UserText(strings.Repeat("\n", 1<<20))}
		place := make(chan bool)
		close(place)
		c := batchtest.New(t).Client(once, client.WithHTTPClient(&http.Client{Transport: &firstByte{place: place}}))
		batch, err := c.Create(t.Context(), r)
		for i := range r {
			r[i].CustomID = "mine"
			r[i].Params.Messages[0] = client.UserText("mine")
		}
		if batch != nil || err == nil || errors.As(err, new(*client.UncertainError)) {
			t.Errorf("got %v, %v", batch, err)
		}
	}
}
