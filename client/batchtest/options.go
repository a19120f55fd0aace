package batchtest

import (
	"net/http"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

// WithDuration sets how long batches take, by default one second. If a batch takes more than 24 hours, the requests
// that have not finished by then expire.
func WithDuration(d time.Duration) Option { return func(s *Service) { s.batches.duration = d } }

// WithLatency delays every call by d before the service sees it.
func WithLatency(d time.Duration) Option { return func(s *Service) { s.latency = d } }

// WithKey adds a key of the organization org_fake, see [Key]; a service without keys is given one. A batch is visible
// only in the workspace that it was created in: the one named by the call's anthropic-workspace-id, or else the first
// of the key's workspaces.
func WithKey(secret string, workspaces ...string) Option {
	return WithKeys(Key{Secret: secret, Workspaces: workspaces})
}

// WithKeys adds keys, also of several organizations.
func WithKeys(keys ...Key) Option {
	return func(s *Service) { s.access.keys = append(s.access.keys, keys...) }
}

// WithAnyKey makes the service accept every credential, unless it is empty or revoked. Unknown credentials belong to
// the organization org_fake.
func WithAnyKey() Option { return func(s *Service) { s.access.anyKey = true } }

// WithSeed sets the seed of all random choices: faults, results, and batches of colleagues. The default is 1. With the
// same seed, the nth call of an operation meets the same fault, and the ith request of the nth batch has the same
// outcome; the order of concurrent calls is not repeatable.
func WithSeed(seed uint64) Option { return func(s *Service) { s.chance = chance(seed) } }

// WithDateOffset adds d, which may be negative, to the Date header of every response, as a gateway with another clock
// does. The times in batches stay those of the service's clock.
func WithDateOffset(d time.Duration) Option { return func(s *Service) { s.dateOffset = d } }

// WithClockSkew makes the machines of the service disagree on the time: the created_at of each batch, which determines
// its place in lists, and the Date header of each response are up to d before or after the service's clock.
func WithClockSkew(d time.Duration) Option { return func(s *Service) { s.skew = d } }

// WithGetLag makes get, cancel, delete and results of a batch fail with 404 and not_found_error for d after its
// creation.
func WithGetLag(d time.Duration) Option { return func(s *Service) { s.batches.getLag = d } }

// WithListLag makes list omit a batch for d after its creation.
func WithListLag(d time.Duration) Option { return func(s *Service) { s.batches.listLag = d } }

// WithHeader sets a header of every response, for example anthropic-ratelimit-requests-remaining.
func WithHeader(name, value string) Option { return func(s *Service) { s.header.Set(name, value) } }

// WithMiddleware wraps the service, for all connections, for example to log its calls. The first middleware given is
// the outermost one.
func WithMiddleware(wrap func(http.Handler) http.Handler) Option {
	return func(s *Service) { s.middleware = append(s.middleware, wrap) }
}

// WithoutHistory makes the service keep nothing that only inspection needs: no calls, no requests of ended batches, and
// no deleted batches. It is for long-running services, and for batches so large that memory matters.
func WithoutHistory() Option {
	return func(s *Service) { s.forgets, s.batches.forgets = true, true }
}

// AllowBetas makes the service accept betas that the contract does not know.
func AllowBetas(betas ...gen.AnthropicBeta) Option {
	return func(s *Service) { s.access.betas = append(s.access.betas, betas...) }
}
