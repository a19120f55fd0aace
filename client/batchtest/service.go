package batchtest

import (
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

// A Service is a fake Message Batches service. It is safe for concurrent use.
type Service struct {
	key      string
	duration time.Duration
	betas    []gen.AnthropicBeta // beyond those of the contract
	handler  http.Handler

	mu      sync.Mutex
	ahead   time.Duration // of the service's clock before time.Now
	batches []*batch      // in order of creation
	calls   []Call
	answers map[string]Answer // by custom id; "" is for all others
	faults  map[Op][]Fault
	serial  int // of ids
	url     string
}

// An Option sets up a [Service].
type Option func(*Service)

// WithDuration sets how long batches take, one second by default. Of a batch that takes more than 24 hours, the
// requests that are left then expire.
func WithDuration(d time.Duration) Option { return func(s *Service) { s.duration = d } }

// WithKey sets the credential that the service accepts, as x-api-key and as a bearer token.
func WithKey(key string) Option { return func(s *Service) { s.key = key } }

// AllowBetas makes the service accept betas that the contract does not know.
func AllowBetas(betas ...gen.AnthropicBeta) Option {
	return func(s *Service) { s.betas = append(s.betas, betas...) }
}

// TB is the part of testing.TB that New needs.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
}

// New returns a service for one test. Faults that no call has met when the test ends fail the test.
func New(t TB, opts ...Option) *Service {
	t.Helper()
	s := Start(opts...)
	t.Cleanup(func() {
		t.Helper()
		s.mu.Lock()
		defer s.mu.Unlock()
		for op, faults := range s.faults {
			if len(faults) > 0 {
				t.Errorf("batchtest: %d faults for %s were injected, but no call has met them", len(faults), op)
			}
		}
	})
	return s
}

// Start returns a service for use outside of tests.
func Start(opts ...Option) *Service {
	s := &Service{
		key:      "sk-ant-fake-key",
		duration: time.Second,
		answers:  make(map[string]Answer),
		faults:   make(map[Op][]Fault),
		url:      "http://localhost",
	}
	for _, o := range opts {
		o(s)
	}
	s.handler = s.newHandler()
	return s
}

// Key returns the credential that the service accepts.
func (s *Service) Key() string { return s.key }

// URL returns the base URL for clients: one that only [Service.HTTPClient] can reach, until Listen is called.
func (s *Service) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// HTTPClient returns a client that reaches the service inside the process.
func (s *Service) HTTPClient() *http.Client { return &http.Client{Transport: transport{s.handler}} }

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Listen serves on a socket, for example "127.0.0.1:0", until stop is called. URL then returns its address.
func (s *Service) Listen(address string) (stop func() error, err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.url = "http://" + l.Addr().String()
	s.mu.Unlock()
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go server.Serve(l)
	return server.Close, nil
}

// Now returns the time by the service's clock.
func (s *Service) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Service) now() time.Time { return time.Now().Add(s.ahead).UTC().Truncate(time.Microsecond) }

// Advance puts the service's clock forward, or back if d is negative.
func (s *Service) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// A Call is a call that reached the service, whether it was refused or not.
type Call struct {
	Op     Op
	Header http.Header
	Query  string
	Time   time.Time
}

// Calls returns the calls of an operation so far, in the order in which they arrived.
func (s *Service) Calls(op Op) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var calls []Call
	for _, c := range s.calls {
		if c.Op == op {
			calls = append(calls, c)
		}
	}
	return calls
}

// Batches returns the batches that the service has, as they are now, oldest first.
func (s *Service) Batches() []gen.BetaMessageBatch {
	s.mu.Lock()
	defer s.mu.Unlock()
	var batches []gen.BetaMessageBatch
	for _, b := range s.batches {
		b.settle(s.now())
		batches = append(batches, b.state)
	}
	return batches
}
