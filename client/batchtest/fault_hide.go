package batchtest

import (
	"net/http"
	"time"
)

// The faults in this file make batches disappear for a while, and let the call through.

// NotFoundFor makes get and results of the batch that the call is about fail with 404 and not_found_error for d: this call
// and all others. List still shows it, and it can be canceled and deleted.
func NotFoundFor(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		encounterOf(r).hide(r.PathValue("id"), func(b *batch, now time.Time) { b.HiddenUntil = now.Add(d) })
		next.ServeHTTP(w, r)
	}
}

// OmitFor makes list leave out, for d, the batch that was created last, of those it would show to anybody now. It is
// found by its id.
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

// newest returns the id of the batch of all workspaces that was created last but n, or "" if there are none. If there
// are not so many, it begins again with the last one.
func (e *encounter) newest(n int) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.batches.all) == 0 {
		return ""
	}
	return e.batches.all[len(e.batches.all)-1-n%len(e.batches.all)].ID
}
