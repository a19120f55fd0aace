// Package live runs a fixed script against the Message Batches service, and records the differences from the contract
// and from the fake service. Command live runs it.
//
// It is in this module because, like the rest of the module, it compares the contract with another implementation, and
// because it needs a JSON Schema validator, which users of the command messagebatches should not have to download.
package live

import (
	"context"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/client/bulk"
)

// Options configure where and how the script runs.
type Options struct {
	// Client are options of the client, such as its credential and base URL, which by default come from the
	// environment.
	Client []client.Option

	// Transport reaches the service. Nil means net/http's.
	Transport http.RoundTripper

	// SkipLarge skips the bodies of 256 MB.
	SkipLarge bool

	// Patience is how long to wait for a batch to end. Zero means an hour.
	Patience time.Duration

	// Cleanup is how long to try to delete created batches. Zero means 15 minutes.
	Cleanup time.Duration

	// Progress receives a line for each step, and the ID of each batch as soon as it is known. Nil discards them.
	Progress io.Writer
}

// Price returns the maximum cost of the script, in dollars at the list prices of the returned day, and the number of
// requests that it sends. A run costs less: requests that the service refuses and those that are canceled in time are
// free.
func Price() (cost bulk.Money, requests int, day string, err error) {
	var all []client.Request
	for _, n := range batches {
		all = append(all, newRequests("live-0123456789abcdef", "", n)...)
	}
	cost, err = bound(all)
	return cost, len(all), pricesDay, err
}

// Run runs the script, deletes the batches that it has created even if ctx has ended, runs the script against the fake,
// and compares. It fails only if the client cannot be created; all other failures are in the record.
func Run(ctx context.Context, o Options) (*Record, error) {
	began := time.Now()
	there, err := play(ctx, o)
	if err != nil {
		return nil, err
	}
	r := &Record{Began: began, Took: time.Since(began), run: there, censor: newCensor(there.recorder.of(""), there.recorder.secrets)}
	r.contractDiffers = slices.Concat(there.broken, judge(there.recorder.of("")), unexpected(there))
	if ctx.Err() != nil {
		r.notCompared = "the run was interrupted"
		return r, nil
	}
	there.say("compare with the fake")
	fake := batchtest.Start(batchtest.WithDuration(3 * time.Second))
	defer fake.Close()
	here, err := play(ctx, Options{
		Client: []client.Option{
			client.WithoutEnvironment(), client.WithAPIKey(fake.Key()), client.WithBaseURL(fake.URL()),
			client.WithPollInterval(200*time.Millisecond, time.Second),
		},
		Transport: fake.HTTPClient().Transport,
		SkipLarge: o.SkipLarge,
	})
	if err != nil {
		return nil, err
	}
	r.fakeDiffers = compare(there, here)
	return r, nil
}

// play runs the script and cleans up.
func play(ctx context.Context, o Options) (*run, error) {
	r, err := newRun(o)
	if err != nil {
		return nil, err
	}
	r.script(ctx)
	r.cleanUp(ctx)
	return r, nil
}
