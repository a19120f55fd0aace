package jobs

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestTokensOfMinutes runs a job for two days, with batches that take 23 hours and access tokens that the service refuses
// after ten minutes.
func TestTokensOfMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := batchtest.New(t, batchtest.WithDuration(23*time.Hour))
		var mu sync.Mutex
		var token string
		var since time.Time
		tokens := 0
		source := func(context.Context) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			if token == "" || time.Since(since) > 10*time.Minute {
				service.RevokeKey(token)
				tokens++
				token, since = fmt.Sprintf("token-%d", tokens), time.Now()
				service.AddKey(batchtest.Key{Secret: token})
			}
			return token, nil
		}
		c, err := client.New(client.WithoutEnvironment(), client.WithHTTPClient(service.HTTPClient()), client.WithBaseURL(service.URL()), client.WithTokenSource(source))
		if err != nil {
			t.Fatal(err)
		}
		j, err := Open(t.Context(), filepath.Join(t.TempDir(), "a.job"), Options{MaxWaiting: 30})
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		j.timing.poll, j.timing.obey = 5*time.Minute, 5*time.Minute // for speed
		began := time.Now()
		r, err := j.Run(t.Context(), c, Lines(writeInput(t, 50)))
		if err != nil || r.Answered != 50 || len(r.Duplicates) > 0 {
			t.Fatalf("got %+v, %v", r, err)
		}
		if took := time.Since(began); took < 40*time.Hour || tokens < 150 {
			t.Errorf("%d tokens in %s", tokens, took)
		}
	})
}
