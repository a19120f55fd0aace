package batchtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// WithFaultTime sets the longest duration of the faults of [Faults] that take time, by default 4 minutes.
func WithFaultTime(d time.Duration) Option { return func(s *Service) { s.faults.longest = d } }

// WithRandomFaults makes calls meet faults of [Faults] at a rate from 0 to 1. The fault of each call is drawn from
// those with the given names that its operation can meet; without names, from the whole list. It panics if a name is
// unknown.
func WithRandomFaults(rate float64, names ...string) Option {
	return WithFaultRate("", rate, randomFault(names))
}

// randomFault returns a fault that draws one of these, or of all if there are no names.
func randomFault(names []string) Fault {
	among := make(map[Op][]NamedFault)
	for _, f := range namedFaults {
		if len(names) == 0 || slices.Contains(names, f.Name) {
			for _, op := range f.Ops {
				among[op] = append(among[op], f)
			}
		}
	}
	for _, name := range names {
		Named(name)
	}
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		e := encounterOf(r)
		if faults := among[e.op]; len(faults) > 0 {
			faults[e.rand.IntN(len(faults))].meet(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// ParseFault reads a fault of [Faults] and which calls meet it, in the notation of the command line:
//
//	lost=2%            two in a hundred calls of each operation that can meet it
//	create:lost=0.5%   only of this operation
//	create:lost=#3     the third call of create
//
// The name "any" means any fault of the list.
func ParseFault(text string) (Option, error) {
	what, when, found := strings.Cut(text, "=")
	op, name, limited := strings.Cut(what, ":")
	if !limited {
		op, name = "", op
	}
	if !found {
		return nil, fmt.Errorf("fault %q: give a rate, such as %s=2%%, or the number of a call, such as create:%s=#3", text, what, name)
	}
	if op != "" && !slices.Contains(everyOp, Op(op)) {
		return nil, fmt.Errorf("fault %q: there is no operation %q", text, op)
	}
	if nth, ok := strings.CutPrefix(when, "#"); ok {
		n, err := strconv.ParseInt(nth, 10, 64)
		if err != nil || n < 1 || op == "" {
			return nil, fmt.Errorf("fault %q: name the operation and count its calls from 1, such as create:%s=#3", text, name)
		}
		return withNamedFault(text, Op(op), name, faultRule{nth: n})
	}
	rate, err := ParseRate(when)
	if err != nil {
		return nil, fmt.Errorf("fault %q: %w", text, err)
	}
	return withNamedFault(text, Op(op), name, faultRule{rate: rate})
}

// withNamedFault adds a rule for each operation that op names.
func withNamedFault(text string, op Op, name string, rule faultRule) (Option, error) {
	if name == "any" {
		rule.op, rule.fault = op, randomFault(nil)
		return func(s *Service) { s.faults.rules = append(s.faults.rules, rule) }, nil
	}
	f, ok := namedFault(name)
	if !ok {
		return nil, fmt.Errorf("fault %q: there is no fault named %q", text, name)
	}
	if op != "" && !slices.Contains(f.Ops, op) {
		return nil, fmt.Errorf("fault %q: %s does not apply to %s", text, name, op)
	}
	return func(s *Service) {
		for _, each := range f.Ops {
			if op == "" || op == each {
				rule.op, rule.fault = each, f.meet
				s.faults.rules = append(s.faults.rules, rule)
			}
		}
	}, nil
}

// ParseRate reads a rate: a percentage such as 2%, or a number from 0 to 1.
func ParseRate(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	rate, err := strconv.ParseFloat(number, 64)
	if percent {
		rate /= 100
	}
	if err != nil || !(rate >= 0 && rate <= 1) {
		return 0, fmt.Errorf("%q is not a rate: use a percentage such as 2%%, or a number from 0 to 1", text)
	}
	return rate, nil
}
