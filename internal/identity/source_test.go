package identity

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestSource makes many calls use tokens for a day, with a token endpoint that is slow and fails at random, and a
// service that revokes tokens at random.
func TestSource(t *testing.T) {
	t.Parallel()
	for _, life := range []time.Duration{20 * time.Second, time.Minute, 10 * time.Minute, time.Hour} {
		t.Run(life.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { useTokens(t, life) })
		})
	}
}

func useTokens(t *testing.T, life time.Duration) {
	random := rand.New(rand.NewPCG(1, uint64(life)))
	var mu sync.Mutex // of random and valid
	chance := func(n int) bool {
		mu.Lock()
		defer mu.Unlock()
		return random.IntN(n) == 0
	}
	valid := make(map[string]bool)
	var fetching, fetches, failures, uses, refusals atomic.Int32
	s := &Source{fetch: func(context.Context, string, time.Duration) (token, error) {
		if fetching.Add(1) > 1 {
			t.Error("two refreshes at once")
		}
		defer fetching.Add(-1)
		<-time.After(3 * time.Second)
		if chance(4) {
			failures.Add(1)
			return token{}, errors.New("busy")
		}
		value := fmt.Sprint("token-", fetches.Add(1))
		mu.Lock()
		defer mu.Unlock()
		clear(valid)
		valid[value] = true
		return token{value: value, expires: time.Now().Add(life), life: life}, nil
	}}
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			for range 2000 {
				<-time.After(time.Duration(i+1) * 2 * time.Second)
				value, err := s.Token(t.Context(), i%5 == 0)
				if err != nil {
					continue
				}
				uses.Add(1)
				s.mu.Lock()
				held := s.held
				s.mu.Unlock()
				mu.Lock()
				ok := valid[value]
				mu.Unlock()
				if held.value == value && !held.has(0) {
					t.Errorf("%s has expired", value)
				}
				if !ok || chance(2000) {
					refusals.Add(1)
					s.Refused(value)
				}
			}
		})
	}
	group.Wait()
	<-time.After(time.Minute) // for the last refresh
	if fetches.Load() == 0 || uses.Load() < 30000 || refusals.Load() > uses.Load()/100 {
		t.Errorf("%d tokens, %d failures, %d uses, %d refusals", fetches.Load(), failures.Load(), uses.Load(), refusals.Load())
	}
	t.Logf("%d tokens, %d failures, %d uses, %d refusals", fetches.Load(), failures.Load(), uses.Load(), refusals.Load())
}

// TestRefusedWhileRefreshing refuses the token that a refresh rereads from the credentials file.
func TestRefusedWhileRefreshing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tokens := []string{"a", "a", "b", "c"}
		var refused []string
		s := &Source{fetch: func(_ context.Context, r string, _ time.Duration) (token, error) {
			<-time.After(time.Second)
			value := tokens[len(refused)]
			refused = append(refused, r)
			return token{value: value, expires: time.Now().Add(time.Minute), life: time.Minute}, nil
		}}
		if value, err := s.Token(t.Context(), false); value != "a" || err != nil {
			t.Fatal(value, err)
		}
		<-time.After(50 * time.Second) // a refresh begins, which returns the same token
		if value, err := s.Token(t.Context(), false); value != "a" || err != nil {
			t.Fatal(value, err)
		}
		s.Refused("a")
		if value, err := s.Token(t.Context(), false); value != "b" || err != nil {
			t.Fatal(value, err)
		}
		s.Refused("b")
		s.Refused("a") // by a call that began with it
		if value, err := s.Token(t.Context(), false); value != "c" || err != nil {
			t.Fatal(value, err)
		}
		if want := []string{"", "", "a", "b"}; fmt.Sprint(refused) != fmt.Sprint(want) {
			t.Errorf("got %q, want %q", refused, want)
		}
	})
}
