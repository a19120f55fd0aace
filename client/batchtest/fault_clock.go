package batchtest

import (
	"net/http"
	"time"
)

// OtherClock adds d, which may be negative, to the Date header of the response, as a gateway with another clock does.
// [WithDateOffset] does so for all responses.
func OtherClock(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.Header().Set("date", encounterOf(r).Now().Add(d).Format(http.TimeFormat))
		next.ServeHTTP(w, r)
	}
}
