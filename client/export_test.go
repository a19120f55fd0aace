package client

import "time"

// WithRandom sets where waits get their part of chance from, so that a simulation can be repeated.
func WithRandom(random func(time.Duration) time.Duration) Option {
	return clientOption(func(s *settings) error { s.random = random; return nil })
}
