package client_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/internal/memtest"
)

// hostileServer serves a batch of one request that has ended, and a compressed body for one path.
func hostileServer(t *testing.T, suffix string, status int, parts ...string) *client.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, suffix) {
			io.WriteString(w, `{"id":"b","type":"message_batch","processing_status":"ended","request_counts":{"succeeded":1}}`)
			return
		}
		w.Header().Set("content-type", "application/x-jsonl")
		w.Header().Set("content-encoding", "gzip")
		w.WriteHeader(status)
		packer := gzip.NewWriter(w)
		defer packer.Close()
		for _, p := range parts {
			io.WriteString(packer, p)
		}
	}))
	t.Cleanup(server.Close)
	return socketClient(t, server.URL)
}

// inMessage returns a line of results with elements in place of content blocks.
func inMessage(elements []string) []string {
	return slices.Concat([]string{`{"custom_id":"a","result":{"type":"succeeded","message":{"content":[`}, elements, []string{"]}}}\n"})
}

// TestMemoryOfHostileResults reads large results from a few kilobytes of gzip. The bound is 12 times the longest line. It
// is not parallel, because memory of other tests would count.
func TestMemoryOfHostileResults(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector uses memory and time itself: make test runs this without it")
	}
	const line = 32 << 20 // by default
	for name, tt := range map[string]struct {
		parts []string
		want  string // of the damaged line
		kept  bool   // the raw line is kept
	}{
		"ones":             {inMessage(memtest.Repeat("", `1,`, 30<<20, `1`)), "too much memory", true},
		"objects":          {inMessage(memtest.Repeat("", `{"type":"x"},`, 30<<20, `{"type":"x"}`)), "too much memory", true},
		"citations":        {inMessage(memtest.Repeat(`{"type":"text","citations":[`, `{},`, 30<<20, `{}]}`)), "too much memory", true},
		"errors":           {memtest.Repeat(`{"custom_id":"a","result":{"type":"errored","error":[`, `1,`, 30<<20, "1]}}\n"), "", true},
		"invalid text":     {inMessage(memtest.Repeat(`{"type":"text","text":"`, "\xff", 30<<20, `"}`)), "", true},
		"longer lines":     {inMessage(memtest.Repeat("", `{"type":"x"},`, 40<<20, `{"type":"x"}`)), "WithMaxLineBytes", false},
		"many long lines":  {slices.Repeat(inMessage(memtest.Repeat("", `1,`, 8<<20, `1`)), 4), "too much memory", true},
		"one line of text": {memtest.Repeat("", `x,`, 200<<20, `x`), "WithMaxLineBytes", false},
	} {
		t.Run(name, func(t *testing.T) {
			c := hostileServer(t, "/results", 200, tt.parts...)
			damaged := 0
			got := memtest.Peak(func() {
				for item, err := range c.Results(t.Context(), "b", client.WithRetry(client.Retry{MaxAttempts: 2, MinDelay: 1, MaxDelay: 1})) {
					if err != nil {
						if !errors.As(err, new(*client.IncompleteError)) {
							t.Errorf("got %.1000v", err)
						}
						return
					}
					damaged++
					if err := item.Err(); tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) || (item.Raw != nil) != tt.kept {
						t.Errorf("got %.1000v and %d bytes", err, len(item.Raw))
					}
				}
			})
			if damaged == 0 || got > 12*line {
				t.Errorf("%d lines in %d MiB", damaged, got>>20)
			}
			t.Logf("%d MiB, %.1f times the longest line", got>>20, float64(got)/line)
		})
	}
}

// TestMemoryOfHostileBodies does the same for bodies that are read as a whole, of up to 16 MiB.
func TestMemoryOfHostileBodies(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector uses memory and time itself: make test runs this without it")
	}
	const longest = 16 << 20
	for name, tt := range map[string]struct {
		suffix string
		status int
		parts  []string
		call   func(*client.Client) error
		want   string
	}{
		"page/ones":    {"/batches", 200, memtest.Repeat(`{"data":[`, `1,`, 15<<20, `1]}`), list, "does not match the contract"},
		"page/objects": {"/batches", 200, memtest.Repeat(`{"data":[`, `{},`, 15<<20, `{}]}`), list, "does not match the contract"},
		"page/long":    {"/batches", 200, memtest.Repeat(`{"data":[`, `1,`, 40<<20, `1]}`), list, "larger than"},
		"batch/counts": {"/b", 200, memtest.Repeat(`{"id":"b","type":"message_batch","request_counts":[`, `1,`, 15<<20, `1]}`), get, ""},
		"batch/long":   {"/b", 200, memtest.Repeat("", `[,`, 100<<20, `[`), get, "larger than"},
		"error":        {"/b", 404, memtest.Repeat(`{"type":"error","error":{"type":"new_error","x":[`, `1,`, 100<<20, `1]}}`), get, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			c := hostileServer(t, tt.suffix, tt.status, tt.parts...)
			var err error
			got := memtest.Peak(func() { err = tt.call(c) })
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %.1000v", err)
			}
			if got > 8*longest {
				t.Errorf("%d MiB", got>>20)
			}
			t.Logf("%d MiB, %.80v", got>>20, err)
		})
	}
}

func list(c *client.Client) error {
	for _, err := range c.List(context.Background(), once) {
		if err != nil {
			return err
		}
	}
	return nil
}

func get(c *client.Client) error {
	_, err := c.Get(context.Background(), "b", once)
	return err
}
