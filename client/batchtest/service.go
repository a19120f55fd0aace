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
	// Set up once.
	keys       []key
	anyKey     bool
	duration   time.Duration
	latency    time.Duration
	betas      []gen.AnthropicBeta // beyond those of the contract
	header     http.Header         // of every answer
	forgets    bool                // what only inspection needs
	handler    http.Handler
	reportTest reporter

	mu      sync.Mutex
	ahead   time.Duration // of the service's clock before time.Now
	batches []*batch      // in order of creation
	calls   []*Call
	answers map[string]Answer        // by custom id; "" is for all others
	takes   map[string]time.Duration // by custom id
	faults  map[Op][]Fault
	serial  int // of ids
	url     string
	servers []*http.Server
}

// An Option sets up a [Service].
type Option func(*Service)

// WithDuration sets how long batches take, one second by default. Of a batch that takes more than 24 hours, the
// requests that are left then expire.
func WithDuration(d time.Duration) Option { return func(s *Service) { s.duration = d } }

// WithLatency makes every call wait before the service looks at it.
func WithLatency(d time.Duration) Option { return func(s *Service) { s.latency = d } }

// WithKey sets the credential that the service accepts, as x-api-key and as a bearer token; given several times, it
// adds more. A batch is seen only in the workspace that it was created in. That is the one which the call names in
// anthropic-workspace-id, or else the first of the key's workspaces; a key without workspaces may use any.
func WithKey(secret string, workspaces ...string) Option {
	return func(s *Service) { s.keys = append(s.keys, key{secret, workspaces}) }
}

// WithAnyKey makes the service accept every credential, but not none.
func WithAnyKey() Option { return func(s *Service) { s.anyKey = true } }

// WithHeader sets a header of every answer, for example anthropic-ratelimit-requests-remaining.
func WithHeader(name, value string) Option { return func(s *Service) { s.header.Set(name, value) } }

// WithoutHistory makes the service keep nothing that only inspection needs: no calls, and no requests of batches that
// have ended. It is for services that run for long, and for batches so large that memory matters.
func WithoutHistory() Option { return func(s *Service) { s.forgets = true } }

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

// New returns a service for one test, and closes it when the test ends. The test fails if an answer or a fault panics or
// makes no sense, and if a fault is left that no call has met.
func New(t TB, opts ...Option) *Service {
	t.Helper()
	s := Start(opts...)
	s.reportTest.t = t
	t.Cleanup(func() {
		t.Helper()
		for _, problem := range s.unmetFaults() {
			t.Errorf("batchtest: %s", problem)
		}
		s.Close()
	})
	return s
}

// Start returns a service for use outside of tests.
func Start(opts ...Option) *Service {
	s := &Service{
		duration: time.Second,
		header:   make(http.Header),
		answers:  make(map[string]Answer),
		takes:    make(map[string]time.Duration),
		faults:   make(map[Op][]Fault),
		url:      "http://localhost",
	}
	for _, o := range opts {
		o(s)
	}
	if len(s.keys) == 0 {
		s.keys = []key{{secret: "sk-ant-fake-key"}}
	}
	s.handler = s.newHandler()
	return s
}

// Key returns the credential that the service accepts, the first one if there are several.
func (s *Service) Key() string { return s.keys[0].secret }

// URL returns the base URL for clients: one that only [Service.HTTPClient] can reach, until Listen is called.
func (s *Service) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// HTTPClient returns a client that reaches the service inside the process, whatever host a URL names.
func (s *Service) HTTPClient() *http.Client { return &http.Client{Transport: transport{s.handler}} }

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Listen serves on a socket, for example "127.0.0.1:0", until stop or Close is called. URL then returns its address.
func (s *Service) Listen(address string) (stop func() error, err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.url = "http://" + l.Addr().String()
	s.servers = append(s.servers, server)
	go func() { _ = server.Serve(l) }() // until it is closed
	return server.Close, nil
}

// Close ends what Listen began. A service of New is closed by its test.
func (s *Service) Close() {
	s.reportTest.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, server := range s.servers {
		server.Close()
	}
	s.servers = nil
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

// A reporter reports to a test, as long as that runs: calls may outlive it.
type reporter struct {
	mu sync.Mutex
	t  TB
}

// errorf returns false if there is no test to report to.
func (r *reporter) errorf(format string, args ...any) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.t == nil {
		return false
	}
	r.t.Errorf("batchtest: "+format, args...)
	return true
}

func (r *reporter) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.t = nil
}
