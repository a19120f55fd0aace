package identity

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/seed-111a911e/messagebatches/internal/parallel"
)

const (
	// early is how long before its expiry a token is refreshed, while calls still use it.
	early = 2 * time.Minute

	// late is how long before its expiry a token is retired.
	late = 30 * time.Second

	// long is the remaining life that a token for an upload should have.
	long = 10 * time.Minute

	// fetchTimeout bounds one refresh.
	fetchTimeout = 30 * time.Second

	// pauseAfterFailure is the time between refreshes that fail while the old token still works.
	pauseAfterFailure = 5 * time.Second
)

// A token is an access token.
type token struct {
	value   string
	expires time.Time     // by this machine's clock; zero means unknown
	life    time.Duration // remaining life when it was obtained
}

func (t token) has(left time.Duration) bool {
	return t.value != "" && (t.expires.IsZero() || time.Until(t.expires) > left)
}

// A fetch obtains a token. Refused is a token that the service has refused, or empty; need is the remaining life that a
// stored token must have.
type fetch func(ctx context.Context, refused string, need time.Duration) (token, error)

// A Source keeps an access token and refreshes it before it expires. It is safe for concurrent use: one refresh at a time
// serves all calls.
type Source struct {
	fetch fetch

	mu      sync.Mutex
	held    token
	refused string // the last token that the service has refused, until it is replaced
	flight  *flight
	failed  time.Time // when the last refresh failed
}

// A flight is a running refresh. It outlives the call that started it: a refresh token can be used only once, so its
// response must be received even if the call has ended.
type flight struct {
	refused string
	done    chan struct{}
	token   token
	err     error
	panic   *parallel.Panic
}

// Token returns an access token. It waits for a refresh if there is no usable token, or if upload asks for a longer
// remaining life than the token has. If that refresh fails, it returns the present token as long as that has not
// expired.
func (s *Source) Token(ctx context.Context, upload bool) (string, error) {
	for {
		held, f := s.next(ctx, upload)
		if f == nil {
			return held.value, nil
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
		f.panic.Raise()
		switch {
		case f.err != nil && held.has(0):
			return held.value, nil
		case f.err != nil:
			return "", f.err
		case f.token.value != s.isRefused() || f.refused == f.token.value:
			return f.token.value, nil
		}
	}
}

// next returns the token that the source holds, if it is usable, and the refresh to wait for, if there is one.
func (s *Source) next(ctx context.Context, upload bool) (token, *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.held
	wanted := min(early, held.life/4)
	switch {
	case upload && held.value == "":
		wanted = early
	case upload:
		wanted = min(long, held.life/2)
	}
	ok := held.value != s.refused
	if ok && held.has(wanted) {
		return held, nil
	}
	if !ok || !held.has(min(late, held.life/8)) {
		held = token{}
	}
	if held.value != "" && s.flight == nil && time.Since(s.failed) < pauseAfterFailure {
		return held, nil
	}
	if s.flight == nil {
		s.start(ctx, wanted)
	}
	if held.value != "" && !upload {
		return held, nil
	}
	return held, s.flight
}

// start begins a refresh. A refresh that does not end in time is abandoned, because it may call a function of the user
// that blocks.
func (s *Source) start(ctx context.Context, need time.Duration) {
	f := &flight{refused: s.refused, done: make(chan struct{})}
	s.flight = f
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	context.AfterFunc(ctx, func() { s.end(f, token{}, errLate, nil) })
	var t token
	var err error
	parallel.Go(func() { t, err = s.fetch(ctx, f.refused, max(need, late)) }, func(p *parallel.Panic) {
		if err != nil && ctx.Err() != nil {
			err = errLate
		}
		s.end(f, t, err, p)
		cancel()
	})
}

var errLate = fmt.Errorf("no access token within %s", fetchTimeout)

// end records the outcome of a refresh, unless it has ended already.
func (s *Source) end(f *flight, t token, err error, p *parallel.Panic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight != f {
		return
	}
	s.flight = nil
	f.token, f.err, f.panic = t, err, p
	close(f.done)
	if err != nil || p != nil {
		s.failed = time.Now()
		return
	}
	s.held = t
	if s.refused == f.refused {
		s.refused = ""
	}
}

func (s *Source) isRefused() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// Refused records that the service has refused a token, so that it is replaced.
func (s *Source) Refused(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held.value == value {
		s.refused = value
	}
}
