package batchtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// A Fault handles a call before the service does. It may respond itself, call next to let the service act, or change
// the service's response. It drops the connection by panicking with [http.ErrAbortHandler].
type Fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

// A faultRule says which calls meet a fault: the nth call of an operation, or a share of its calls.
type faultRule struct {
	op    Op // empty means all operations
	nth   int64
	rate  float64
	fault Fault
}

// faults holds the faults that the calls of a service meet.
type faults struct {
	queues  map[Op][]Fault
	rules   []faultRule
	met     map[Op]int64 // calls so far
	longest time.Duration
}

// Inject makes the next calls of an operation meet faults, one fault per call, after those injected before. A nil fault
// lets its call through. Injected faults take precedence over those of options.
func (s *Service) Inject(op Op, injected ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.queues[op] = append(s.faults.queues[op], injected...)
}

// StopFaults removes all faults, both injected ones and those of options.
func (s *Service) StopFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.faults.queues)
	s.faults.rules = nil
}

// WithFaultRate makes calls of an operation meet a fault at a rate from 0 to 1, for example 0.02 for two calls in a
// hundred; an empty op means all operations. If the option is used several times, a call meets the first fault that is
// drawn.
func WithFaultRate(op Op, rate float64, f Fault) Option {
	return func(s *Service) { s.faults.rules = append(s.faults.rules, faultRule{op: op, rate: rate, fault: f}) }
}

// take returns the fault that the next call of an operation meets, or nil, and the number of that call.
func (f *faults) take(op Op, c chance) (Fault, int64) {
	f.met[op]++
	n := f.met[op]
	if queue := f.queues[op]; len(queue) > 0 {
		f.queues[op] = queue[1:]
		return queue[0], n
	}
	for i, rule := range f.rules {
		if rule.op != "" && rule.op != op {
			continue
		}
		if rule.nth == n || c.happens(rule.rate, number(string(op)), uint64(n), uint64(i)) {
			return rule.fault, n
		}
	}
	return nil, n
}

// unmetFaults returns a message for each operation with injected faults that no call has met.
func (s *Service) unmetFaults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var problems []string
	for _, op := range slices.Sorted(maps.Keys(s.faults.queues)) {
		switch n := len(s.faults.queues[op]); n {
		case 0:
		case 1:
			problems = append(problems, fmt.Sprintf("a fault was injected into %s, but the call that should meet it never came", op))
		default:
			problems = append(problems, fmt.Sprintf("faults were injected into %s, but the %d calls that should meet the last ones never came", op, n))
		}
	}
	return problems
}

// Times returns n copies of a fault, for Inject.
func Times(n int, f Fault) []Fault { return slices.Repeat([]Fault{f}, n) }
