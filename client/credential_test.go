package client_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

func TestTokenSource(t *testing.T) {
	t.Parallel()
	s := batchtest.New(t)
	tokens := []string{"stale", s.Key(), s.Key()}
	c := s.Client(client.WithTokenSource(func(context.Context) (string, error) {
		token := tokens[0]
		tokens = tokens[1:]
		return token, nil
	}))
	create(t, c, 1)
	if n := len(s.Calls(batchtest.Create)); n != 2 || len(tokens) != 1 {
		t.Errorf("%d calls, %d tokens left", n, len(tokens))
	}
	broken := s.Client(client.WithTokenSource(func(context.Context) (string, error) { return "", errors.New("vault is closed") }))
	if _, err := broken.Get(t.Context(), "b", once); err == nil || !strings.Contains(err.Error(), "token source: vault is closed") {
		t.Errorf("got %v", err)
	}
}

// TestTokenRefreshDoesNotResendACreate fails a create in ways that only look like an expired token: another token does not
// make it safe to resend the body.
func TestTokenRefreshDoesNotResendACreate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault     batchtest.Fault
		uncertain bool
	}{
		"401 as HTML":       {batchtest.Status(401, "<html>"), false},
		"500 of the API":    {batchtest.Fail(500, "authentication_error", "?"), true},
		"200 with an error": {batchtest.Fail(200, "authentication_error", "?"), true},
	} {
		s := batchtest.New(t)
		s.Inject(batchtest.Create, tt.fault)
		c := s.Client(client.WithTokenSource(func(context.Context) (string, error) { return s.Key(), nil }))
		_, err := c.Create(t.Context(), requests(1))
		if err == nil || errors.As(err, new(*client.UncertainError)) != tt.uncertain || len(s.Calls(batchtest.Create)) != 1 {
			t.Errorf("%s: %d calls, %v", name, len(s.Calls(batchtest.Create)), err)
		}
	}
}

func TestWaitSurvivesATokenSourceOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := batchtest.New(t, batchtest.WithDuration(time.Minute))
		n := 0
		c := s.Client(client.WithTokenSource(func(context.Context) (string, error) {
			if n++; n > 1 && n < 5 {
				return "", errors.New("vault is closed")
			}
			return s.Key(), nil
		}))
		batch := create(t, c, 1)
		if _, err := c.Wait(t.Context(), batch.ID); err != nil {
			t.Error(err)
		}
	})
}
