package batchtest

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A Service is a fake Message Batches service. It is safe for concurrent use.
type Service struct {
	// Configuration, completed by Start.
	header      http.Header   // of every response
	dateOffset  time.Duration // of the Date header from the service's clock
	skew        time.Duration // the most that a machine's clock is off
	latency     time.Duration
	chance      chance
	colleagues  float64 // the rate of other clients' batches
	forgets     bool    // whether calls are not recorded
	inspected   bool    // whether it serves the inspection endpoints
	middleware  []func(http.Handler) http.Handler
	handler     http.Handler
	certificate func() tls.Certificate

	reporter reporter
	serial   atomic.Int64 // of the ids of calls
	births   atomic.Int64 // of the ids of batches

	mu      sync.Mutex    // guards what follows
	ahead   time.Duration // how far the service's clock is ahead of time.Now
	url     string
	access  access
	quota   quota
	calls   []*Call
	stats   counter
	faults  faults
	script  script
	batches store
	starts  int64 // how many services have used its directory, including this one

	closed chan struct{}  // is closed with the service
	late   sync.WaitGroup // faults that act without a caller

	servers     []*http.Server    // that listen
	connections map[net.Conn]bool // of them, that are open
}

// An Option configures a [Service].
type Option func(*Service)

// A lifecycle is what the batches of a service have in common.
type lifecycle struct {
	script   *script
	report   func(problem string) // called with a mistake in the test
	duration time.Duration        // over which requests finish
	odds     odds
	cache    promptCache
	forgets  bool       // whether what only inspection needs is dropped
	dir      *directory // nil if batches are in memory
}

// New returns a service for one test, and closes it when the test ends. The test fails if an answer or a fault panics
// or is invalid, or if no call has met an injected fault.
func New(t TB, opts ...Option) *Service {
	t.Helper()
	s := Start(opts...)
	s.reporter.t = t
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
		header:      make(http.Header),
		chance:      1,
		certificate: sync.OnceValue(selfSigned),
		url:         "http://localhost",
		quota:       quota{minutes: make(map[string]minute)},
		stats:       counter{Stats: Stats{Calls: make(map[Op]int), Faults: make(map[string]int), PeakWaiting: make(map[string]int64)}},
		faults:      faults{queues: make(map[Op][]Fault), met: make(map[Op]int64), longest: 4 * time.Minute},
		script:      script{answers: make(map[string]Answer), takes: make(map[string]time.Duration)},
		batches:     store{byID: make(map[string]*batch)},
		connections: make(map[net.Conn]bool),
		closed:      make(chan struct{}),
	}
	s.batches.lifecycle = lifecycle{script: &s.script, report: s.reporter.report, duration: time.Second,
		cache: promptCache{hits: 1, least: 1024, entries: make(map[cacheKey]cacheEntry)}}
	for _, o := range opts {
		o(s)
	}
	if len(s.access.keys) == 0 {
		s.access.keys = []Key{{Secret: "sk-ant-fake-key"}}
	}
	s.keep()
	s.handler = s.newHandler()
	return s
}

// load makes the service use a directory, and continue from its state.
func (s *Service) load(dir *directory, state serviceState, records []record) {
	s.batches.dir = dir
	s.starts, s.ahead = state.Starts+1, state.Ahead
	s.serial.Store(state.Starts * serialsPerStart)
	s.births.Store(state.Starts * serialsPerStart)
	s.stats.restore(state.Stats)
	for _, r := range records {
		s.batches.insert(&batch{lifecycle: &s.batches.lifecycle, record: r,
			requests: spool{path: dir.requests(r.ID)}, results: spooledLines{path: dir.results(r.ID)}})
	}
}

// keep stores the state of the service itself in the state directory, if there is one.
func (s *Service) keep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if dir := s.batches.dir; dir != nil && !dir.closed {
		mustKeep(dir.write(serviceFile, serviceState{Starts: s.starts, Ahead: s.ahead, Stats: s.stats.Stats}))
	}
}

// Now returns the time by the service's clock.
func (s *Service) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

// now is Now for callers that hold the lock.
func (s *Service) now() time.Time { return time.Now().Add(s.ahead).UTC().Truncate(time.Microsecond) }

// Advance moves the service's clock forward by d, or back if d is negative.
func (s *Service) Advance(d time.Duration) {
	s.mu.Lock()
	s.ahead += d
	s.mu.Unlock()
	s.keep()
}

// drawSkew draws how far the clock is ahead on the machine that made an id.
func (s *Service) drawSkew(id string) time.Duration {
	if s.skew <= 0 {
		return 0
	}
	return within(s.chance.rand(number(id)), 2*s.skew) - s.skew
}

// serialsPerStart is how many ids each service has, before those of the next service with the same directory.
const serialsPerStart = 1e12

// newID returns a new id. No two are equal.
func newID(prefix string, serial *atomic.Int64) string {
	return fmt.Sprintf("%s_01fake%018d", prefix, serial.Add(1))
}

func (s *Service) newBatchID() string { return newID("msgbatch", &s.births) }
