package main

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestProgress waits for a batch of three and a half seconds.
func TestProgress(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		terminal, live bool
		want           string
	}{
		"pipe":     {want: "\"in_progress\" after N\n\"ended\" after N\n"},
		"pipe/day": {live: true, want: "\"in_progress\" after N, at most 24h0m0s to go\n\"ended\" after N\n"},
		"terminal": {terminal: true, want: "\r\x1b[K\"in_progress\" after N\r\x1b[K\"ended\" after N\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var out strings.Builder
				p := &progress{out: &out, terminal: tt.terminal, live: tt.live, began: time.Now()}
				c := batchtest.New(t, batchtest.WithDuration(3500*time.Millisecond)).Client()
				batch, err := c.Create(t.Context(), exampleRequests())
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.Wait(t.Context(), batch.ID, client.OnPoll(p.show), client.WithPollInterval(time.Second, 0)); err != nil {
					t.Fatal(err)
				}
				p.end()
				got := regexp.MustCompile(`after [0-9.]+s`).ReplaceAllString(out.String(), "after N")
				const polled = "\r\x1b[K\"in_progress\" after N" // as often as time permits
				for strings.Contains(got, polled+polled) {
					got = strings.Replace(got, polled+polled, polled, 1)
				}
				if got != tt.want {
					t.Errorf("got  %q\nwant %q", got, tt.want)
				}
			})
		})
	}
}
