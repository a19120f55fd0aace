package client

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestRetryAfter bounds what a service may ask for, so that nothing overflows.
const longestRetryAfter = 365 * 24 * time.Hour

// parseRetryAfter returns how long the service asks to wait, or 0. Malformed values are 0.
func parseRetryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(strings.TrimSpace(h.Get("retry-after-ms")), 64); err == nil {
		if d := seconds(ms / 1000); d > 0 {
			return d
		}
	}
	value := strings.TrimSpace(h.Get("retry-after"))
	if s, err := strconv.ParseFloat(value, 64); err == nil {
		return seconds(s)
	}
	if t, err := http.ParseTime(value); err == nil {
		return max(0, min(t.Sub(now), longestRetryAfter))
	}
	return 0
}

func seconds(s float64) time.Duration {
	switch {
	case math.IsNaN(s) || s <= 0:
		return 0
	case s > longestRetryAfter.Seconds():
		return longestRetryAfter
	}
	return time.Duration(s * float64(time.Second))
}
