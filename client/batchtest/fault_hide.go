package batchtest

import (
	"net/http"
	"time"
)

// The faults in this file hide batches for a while, and let the call through.

// NotFoundFor makes get and results of the call's batch fail with 404 and not_found_error for d, in this call and all
// others. List still shows the batch, and it can be canceled and deleted.
func NotFoundFor(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		encounterOf(r).hide(r.PathValue("id"), func(b *batch, now time.Time) { b.HiddenUntil = now.Add(d) })
		next.ServeHTTP(w, r)
	}
}

// OmitFor makes list omit, for d, the newest batch that it would show to any caller now. Get still finds it.
func OmitFor(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		e := encounterOf(r)
		e.hide(e.newest(0), func(b *batch, now time.Time) { b.OmittedUntil = now.Add(d) })
		next.ServeHTTP(w, r)
	}
}

// hide changes a batch, if there is one with this id.
func (e *encounter) hide(id string, change func(b *batch, now time.Time)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if b := e.batches.byID[id]; b != nil {
		change(b, e.now())
		b.save()
	}
}

// newest returns the id of the nth newest batch of all workspaces, counted from 0, or "" if there are none. If there
// are not so many, it wraps around to the newest.
func (e *encounter) newest(n int) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.batches.all) == 0 {
		return ""
	}
	return e.batches.all[len(e.batches.all)-1-n%len(e.batches.all)].ID
}
