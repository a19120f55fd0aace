package batchtest

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

// An encounter is a call that meets a fault which needs to know the service.
type encounter struct {
	*Service
	op   Op
	rand *rand.Rand // of this call
}

type encounterKey struct{}

// with returns the call with what its fault needs to know.
func (e *encounter) with(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), encounterKey{}, e))
}

// encounterOf returns it again.
func encounterOf(r *http.Request) *encounter {
	e, ok := r.Context().Value(encounterKey{}).(*encounter)
	if !ok {
		panic("the fault is about the service's batches, and the call has not come through a service")
	}
	return e
}

// time draws how long a fault takes.
func (e *encounter) time() time.Duration { return within(e.rand, e.faults.longest) }
