package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// A summary holds the numbers in the lines about a job. Running batches have no counts, so it counts only what is certain.
type summary struct {
	requests, settled int64
	batches, ended    int64
	toSend, sending   int64
	doubtful          int64
	atService, unread int64
	gone              int64
	retries           int64 // requests that were or will be resent
	limit             int64
	oldest            time.Time   // when the oldest running batch was created
	expires           time.Time   // and when it expires
	costs             *jobs.Costs // nil if they are not known
	budget            float64     // 0 for none
}

func sumUp(st *jobs.Status) summary {
	s := summary{requests: st.Requests, settled: min(st.Settled, st.Requests), limit: st.Queue.Limit}
	for _, r := range st.Rounds {
		s.batches += r.Batches
		s.ended += r.Ended
		s.toSend += r.Planned
		s.sending += r.Sending
		s.doubtful += r.Doubtful
		s.atService += r.Waiting
		s.unread += r.Unread
		s.gone += r.Gone
		if r.Round > 0 {
			s.retries += r.Requests
		}
	}
	if st.Oldest != nil {
		s.oldest, s.expires = st.Oldest.Created, st.Oldest.Expires
	}
	return s
}

// line returns the summary on one line.
func (s *summary) line() string {
	parts := []string{fmt.Sprintf("%s of %s settled", cli.Thousands(s.settled), cli.Plural(s.requests, "request")), s.batchesText()}
	if text := s.requestsText(); text != "" {
		parts = append(parts, text)
	}
	for _, text := range []string{s.oldestText(), s.moneyText()} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "; ")
}

// lines returns the lines below the bar of settled requests.
func (s *summary) lines() (lines []string) {
	if s.batches == 0 {
		return nil
	}
	text := s.batchesText()
	if s.ended == 0 && s.atService > 0 {
		text += " (the service reports no counts until a batch ends)"
	}
	lines = append(lines, text)
	if text = s.requestsText(); text != "" && s.limit > 0 {
		text += fmt.Sprintf(" (limit %s)", cli.Thousands(s.limit))
	}
	for _, text := range []string{text, s.oldestText(), s.moneyText()} {
		if text != "" {
			lines = append(lines, text)
		}
	}
	return lines
}

func (s *summary) batchesText() string {
	return fmt.Sprintf("%s of %s ended", cli.Thousands(s.ended), cli.Plural(s.batches, "batch"))
}

// requestsText counts the requests that are not settled, by state.
func (s *summary) requestsText() string {
	var parts []string
	for _, part := range []struct {
		n    int64
		name string
	}{{s.toSend, "to send"}, {s.sending, "being sent"}, {s.doubtful, "in doubt"}, {s.atService, "in progress"}, {s.unread, "to collect"}, {s.gone, "lost by the service"}} {
		if part.n > 0 {
			parts = append(parts, cli.Thousands(part.n)+" "+part.name)
		}
	}
	return strings.Join(parts, ", ")
}

// moneyText returns the amounts spent and in progress.
func (s *summary) moneyText() string {
	c := s.costs
	if c == nil || c.Actual == 0 && c.Reserved == 0 {
		return ""
	}
	text := cli.Dollars(c.Actual) + " spent"
	if c.Reserved > 0 {
		text += ", about " + cli.Dollars(c.Reserved) + " in progress"
	}
	if s.budget > 0 {
		text += fmt.Sprintf(", of a budget of $%.2f", s.budget)
	}
	if c.Cache.Read+c.Cache.Written > 0 {
		text += fmt.Sprintf("; cache hit rate %.0f%%", 100*c.Cache.HitRate)
	}
	return text
}

// oldestText returns the age of the oldest running batch.
func (s *summary) oldestText() string {
	if s.oldest.IsZero() {
		return ""
	}
	return fmt.Sprintf("oldest batch sent %s ago, expires in %s", cli.Duration(time.Since(s.oldest)), cli.Duration(time.Until(s.expires)))
}
