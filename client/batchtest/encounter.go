package batchtest

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

// An encounter is a call that meets a fault, for faults that depend on the service.
type encounter struct {
	*Service
	op   Op
	rand *rand.Rand // of this call
}

type encounterKey struct{}

// with returns the call with the encounter in its context.
func (e *encounter) with(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), encounterKey{}, e))
}

// encounterOf returns the encounter in a call's context.
func encounterOf(r *http.Request) *encounter {
	e, ok := r.Context().Value(encounterKey{}).(*encounter)
	if !ok {
		panic("this fault needs the batches of a service, but the call did not come through one")
	}
	return e
}

// time draws the duration of a fault.
func (e *encounter) time() time.Duration { return within(e.rand, e.faults.longest) }
