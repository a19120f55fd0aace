package batchtest

import (
	"net/http"
	"runtime/debug"
	"slices"
)

// ServeHTTP implements http.Handler.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// newHandler returns the handler of all calls, which sets the headers that all responses have.
func (s *Service) newHandler() http.Handler {
	next := DelayBefore(s.latency)
	routes := s.routes()
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.reportPanic(r)
		for name, values := range s.header {
			w.Header()[name] = slices.Clone(values)
		}
		id := newID("req", &s.serial)
		w.Header().Set("date", s.Now().Add(s.dateOffset+s.drawSkew(id)).Format(http.TimeFormat)) // the service's clock, however far it was advanced
		w.Header().Set("request-id", id)
		w.Header().Set("anthropic-organization-id", "org_fake")
		next(w, r, routes)
	})
	if s.inspected {
		mux := http.NewServeMux()
		mux.Handle("/", h)
		mux.Handle("/fake/", s.inspector())
		h = mux
	}
	for _, wrap := range slices.Backward(s.middleware) {
		h = wrap(h)
	}
	return h
}

// routes returns the handler of each operation. A call is recorded, meets its fault, and is then admitted or refused.
func (s *Service) routes() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, op Op, handle func(call) (any, *failure)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			noted, fault, e := s.meet(op, r, w.Header().Get("request-id"))
			defer s.keep()
			r.Body = &countedBody{r.Body, s, noted, r.ContentLength}
			next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				who, fail := s.admit(r.Header, w.Header())
				var result any
				if fail == nil {
					result, fail = handle(call{r, who, noted})
				}
				reply(w, r, result, fail)
			})
			if fault != nil {
				fault(w, e.with(r), next)
				return
			}
			next(w, r)
		})
	}
	route("POST "+batchesPath, Create, s.create)
	route("GET "+batchesPath, List, s.list)
	route("GET "+batchesPath+"/{id}", Get, s.get)
	route("POST "+batchesPath+"/{id}/cancel", Cancel, s.cancel)
	route("DELETE "+batchesPath+"/{id}", Delete, s.delete)
	route("GET "+batchesPath+"/{id}/results", Results, s.results)
	mux.HandleFunc("POST /v1/oauth/token", s.token)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		reply(w, r, nil, notFound("There is nothing at %s %s.", r.Method, r.URL.EscapedPath()))
	})
	return mux
}

// meet records a call and returns the fault that it meets, if any.
func (s *Service) meet(op Op, r *http.Request, requestID string) (*Call, Fault, *encounter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	noted := s.note(op, r, requestID)
	s.stats.called(op, noted.Time)
	fault, n := s.faults.take(op, s.chance)
	return noted, fault, &encounter{Service: s, op: op, rand: s.chance.rand(number(string(op)), uint64(n))}
}

// admit decides whether a call may act, and sets the response headers that name its organization.
func (s *Service) admit(in, out http.Header) (tenant, *failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, fail := s.access.admit(in)
	if who.Organization != "" {
		out.Set("anthropic-organization-id", who.Organization)
	}
	if fail != nil {
		return who, fail
	}
	out.Set("anthropic-workspace-id", who.Workspace)
	return who, s.quota.admitCall(who.Organization, s.now(), out)
}

// reportPanic turns the panic of a fault into a test failure and a lost connection. Without a test the panic continues.
func (s *Service) reportPanic(r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p != http.ErrAbortHandler && s.reporter.errorf("a fault of %s %s panicked: %v\n\n%s", r.Method, r.URL.Path, p, debug.Stack()) {
		p = http.ErrAbortHandler
	}
	panic(p)
}
