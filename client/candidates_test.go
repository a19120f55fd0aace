package client_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// lose creates a batch of two requests whose response is lost, and returns its id and the error of the caller.
func lose(t *testing.T, s *batchtest.Service, c *client.Client) (string, *client.UncertainError) {
	t.Helper()
	s.Inject(batchtest.Create, batchtest.DropAfter())
	_, err := c.Create(t.Context(), requests(2))
	var uncertain *client.UncertainError
	if !errors.As(err, &uncertain) {
		t.Fatalf("got %v", err)
	}
	batches := s.Batches()
	return batches[len(batches)-1].ID, uncertain
}

// candidates returns the ids of the candidates.
func candidates(t *testing.T, e *client.UncertainError) (ids []string, all client.Candidates) {
	t.Helper()
	all, err := e.Candidates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range all.Batches {
		ids = append(ids, b.ID)
	}
	return ids, all
}

func TestCandidatesAmongParallelCreates(t *testing.T) {
	t.Parallel()
	inBubble(t, time.Second, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		s.Inject(batchtest.Create, nil, batchtest.DropAfter(), nil, batchtest.DropAfter(), nil)
		var (
			group    sync.WaitGroup
			mu       sync.Mutex
			received []string
			lost     []*client.UncertainError
		)
		for range 5 {
			group.Go(func() {
				b, err := c.Create(t.Context(), requests(3))
				mu.Lock()
				defer mu.Unlock()
				if u := (*client.UncertainError)(nil); errors.As(err, &u) {
					lost = append(lost, u)
				} else if err != nil {
					t.Error(err)
				} else {
					received = append(received, b.ID)
				}
			})
		}
		group.Wait()
		create(t, c, 4)                     // of another size
		foreign := create(t, s.Client(), 3) // of another program
		want := []string{foreign.ID}
		for _, b := range slices.Backward(s.Batches()[:5]) {
			if !slices.Contains(received, b.ID) {
				want = append(want, b.ID)
			}
		}
		if len(received) != 3 || len(lost) != 2 {
			t.Fatalf("%d received, %d lost", len(received), len(lost))
		}
		for _, u := range lost {
			got, all := candidates(t, u)
			if diff := cmp.Diff(want, got); diff != "" || all.Complete {
				t.Errorf("complete %v: %s", all.Complete, diff)
			}
		}
		<-time.After(time.Until(lost[1].Attempt.Ended) + 41*time.Minute)
		create(t, s.Client(), 3) // too late to be one of them
		for _, u := range lost {
			got, all := candidates(t, u)
			if diff := cmp.Diff(want, got); diff != "" || !all.Complete {
				t.Errorf("complete %v: %s", all.Complete, diff)
			}
		}
	})
}

// TestCandidatesBySkewedClocks makes the service's clock differ from the caller's, with batches of the same size two hours
// before and after the lost one.
func TestCandidatesBySkewedClocks(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		skew  time.Duration
		first bool // the lost call is the client's first: it has not seen the service's clock
	}{
		"none":                    {0, false},
		"service ahead":           {72 * time.Hour, false},
		"service ahead, first":    {72 * time.Hour, true},
		"service behind":          {-72 * time.Hour, false},
		"service behind, first":   {-5 * time.Minute, true},
		"by more than the margin": {-12 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := batchtest.New(t)
				s.Advance(tt.skew)
				other := s.Client()
				create(t, other, 2)
				<-time.After(2 * time.Hour)
				c := s.Client()
				if !tt.first {
					create(t, c, 2)
				}
				id, u := lose(t, s, c)
				<-time.After(2 * time.Hour)
				create(t, other, 2)
				got, all := candidates(t, u)
				if tt.first { // it is unknown which of the clocks is right
					if !slices.Contains(got, id) || all.Complete {
						t.Errorf("complete %v: %v", all.Complete, got)
					}
				} else if diff := cmp.Diff([]string{id}, got); diff != "" || !all.Complete {
					t.Errorf("complete %v: %s", all.Complete, diff)
				}
			})
		})
	}
}

// TestCandidatesUnderForeignDates makes a gateway with another clock write the Date headers. A batch of the same size was
// created days before.
func TestCandidatesUnderForeignDates(t *testing.T) {
	t.Parallel()
	for _, foreign := range []time.Duration{-26 * time.Hour, -time.Hour, -3 * time.Minute, 0, 3 * time.Minute, time.Hour, 26 * time.Hour} {
		for _, known := range []bool{false, true} { // whether a batch has shown the offset of the service's clock
			t.Run(fmt.Sprint(foreign, "/known ", known), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := batchtest.New(t, batchtest.WithDateOffset(foreign))
					s.Seed(2, s.Now().Add(-6*24*time.Hour))
					c := s.Client()
					if known {
						create(t, c, 1)
					}
					id, u := lose(t, s, c)
					if _, all := candidates(t, u); all.Complete {
						t.Error("complete at once")
					}
					<-time.After(time.Until(u.Attempt.Ended.Add(40 * time.Minute)))
					got, all := candidates(t, u)
					if diff := cmp.Diff([]string{id}, got); diff != "" || all.Complete != known || all.ReachedWatermark {
						t.Errorf("complete %v, to the end %v: %s", all.Complete, all.ReachedWatermark, diff)
					}
				})
			})
		}
	}
}

// A clock that is corrected between the failure and the call of Candidates moves the window.
func TestCandidatesAfterAClockWasPutRight(t *testing.T) {
	t.Parallel()
	for _, step := range []time.Duration{-26 * time.Hour, -20 * time.Minute, 20 * time.Minute, 26 * time.Hour} {
		inBubble(t, time.Second, func(t *testing.T, s *batchtest.Service, c *client.Client) {
			create(t, c, 1)
			id, u := lose(t, s, c)
			s.Advance(step) // as seen from a machine whose own clock moves the other way
			if got, _ := candidates(t, u); !slices.Contains(got, id) {
				t.Errorf("step %v: the batch is not among %v", step, got)
			}
			<-time.After(time.Until(u.Attempt.Ended.Add(40 * time.Minute)))
			if got, all := candidates(t, u); !slices.Contains(got, id) || !all.Complete {
				t.Errorf("step %v: the batch is not among %v, or it is not all: %v", step, got, all.Until)
			}
		})
	}
}

// A slow service accepts the batch long after its caller has given up.
func TestCandidatesUntilTheServiceHasHadTheTime(t *testing.T) {
	t.Parallel()
	inBubble(t, time.Second, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		s.Inject(batchtest.Create, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			body, _ := io.ReadAll(r.Body)
			<-time.After(10 * time.Minute)
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Create(ctx, requests(1))
		var u *client.UncertainError
		if !errors.As(err, &u) {
			t.Fatalf("got %v", err)
		}
		got, all := candidates(t, u)
		if len(got) != 0 || all.Complete {
			t.Errorf("%v, complete %v, while the service may still accept it", got, all.Complete)
		}
		<-time.After(time.Until(all.Until))
		if got, all = candidates(t, u); len(got) != 1 || !all.Complete {
			t.Errorf("%v, complete %v", got, all.Complete)
		}
	})
}

func TestCandidatesOnSeveralPages(t *testing.T) {
	t.Parallel()
	inBubble(t, time.Second, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		many := func(n int) {
			for range n {
				create(t, c, 1)
			}
		}
		many(150)
		<-time.After(time.Hour)
		id, u := lose(t, s, c)
		<-time.After(time.Hour)
		many(250)
		got, all := candidates(t, u)
		if diff := cmp.Diff([]string{id}, got); diff != "" || !all.Complete {
			t.Errorf("complete %v: %s", all.Complete, diff)
		}
		if n := len(s.Calls(batchtest.List)); n != 3 {
			t.Errorf("%d pages read, want those up to the lost batch and not all", n)
		}

		s.Inject(batchtest.List, nil, nil, batchtest.Fail(403, "permission_error", "No."))
		all, err := u.Candidates(t.Context())
		if !errors.Is(err, client.ErrPermission) || all.Complete || len(all.Batches) != 0 {
			t.Errorf("with an error on the last page: %+v, %v", all, err)
		}
		_, late := lose(t, s, c)
		s.Inject(batchtest.List, nil, batchtest.Fail(403, "permission_error", "No."))
		all, err = late.Candidates(t.Context())
		if !errors.Is(err, client.ErrPermission) || all.Complete || len(all.Batches) != 0 {
			t.Errorf("with an error after the first page: %+v, %v", all, err)
		}
		s.Inject(batchtest.List, batchtest.DropBefore(), nil, batchtest.Status(502, "<html>"))
		if got, _ := candidates(t, u); !slices.Contains(got, id) {
			t.Errorf("got %v through temporary failures", got)
		}
	})
}

func TestCandidatesAfterAtLeastOnceCreate(t *testing.T) {
	t.Parallel()
	inBubble(t, time.Second, func(t *testing.T, s *batchtest.Service, c *client.Client) {
		s.Inject(batchtest.Create, batchtest.Times(3, batchtest.DropAfter())...)
		_, err := c.Create(t.Context(), requests(1),
			client.WithAtLeastOnceCreate(), client.WithRetry(client.Retry{MaxAttempts: 3, MinDelay: time.Hour, MaxDelay: time.Hour}))
		var u *client.UncertainError
		if !errors.As(err, &u) || u.Attempt.Ended.Sub(u.Attempt.Started) < time.Hour {
			t.Fatalf("got %v", err)
		}
		if got, _ := candidates(t, u); len(got) != 3 {
			t.Errorf("got %v of 3 batches", got)
		}
	})
}

// TestCandidatesWithMissingOrMalformedData removes Date headers and damages lists: a list is complete only if the remaining
// data proves it, and damage never excludes a batch.
func TestCandidatesWithMissingOrMalformedData(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t)
		inner := s.HTTPClient().Transport
		c := s.Client(client.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := inner.RoundTrip(r)
			if resp != nil {
				resp.Header.Del("date")
			}
			return resp, err
		})}))
		id, u := lose(t, s, c)
		<-time.After(time.Hour)
		got, all := candidates(t, u)
		if diff := cmp.Diff([]string{id}, got); diff != "" || !all.Complete {
			t.Errorf("without Date, to the end of the list: complete %v, %s", all.Complete, diff)
		}
		s.Seed(2, s.Now().Add(-24*time.Hour)) // only a clock could show that it is too old
		got, all = candidates(t, u)
		if diff := cmp.Diff([]string{id}, got); diff != "" || all.Complete {
			t.Errorf("without Date: complete %v, %s", all.Complete, diff)
		}
		for old, new := range map[string]string{`"created_at":"`: `"created_at":"about `, `"processing":2`: `"processing":"two"`} {
			s.Inject(batchtest.List, batchtest.Rewrite(func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(new)) }))
			if got, _ := candidates(t, u); !slices.Contains(got, id) {
				t.Errorf("%s: got %v", new, got)
			}
		}
	})
}

func TestCandidatesOfAnErrorNotFromAClient(t *testing.T) {
	t.Parallel()
	if _, err := new(client.UncertainError).Candidates(t.Context()); err == nil {
		t.Error("no error")
	}
}
