package report

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/jobs"
)

// Limits for text from outside: a million requests may fail in a million ways.
const (
	mostReasons  = 50  // kinds of failures
	mostMessages = 50  // texts counted per reason
	keptMessages = 5   // of these, the most frequent ones are reported
	mostExamples = 5   // results of a reason
	mostText     = 300 // bytes of a text
	mostID       = 100 // bytes of an ID
)

// A Reason is why requests have no answer, or were resent.
type Reason struct {
	// Outcome is errored, expired, canceled, missing, or rejected for an answer that was not accepted; "other" stands for
	// all after the first 50 reasons.
	Outcome string `json:"outcome"`

	// Type is the error type if Outcome is errored, and the stop reason if it is rejected.
	Type string `json:"type,omitempty"`

	Requests int64     `json:"requests"`           // number of results: a request may be resent more than once
	Messages []Message `json:"messages,omitempty"` // the most frequent texts
	Others   int64     `json:"others,omitempty"`   // number of results with any other text
	Examples []Example `json:"examples"`           // the first results

	seen map[string]*Message // by its text without numbers
}

// A Message is a text of errors. Errors whose texts differ only in numbers count as one.
type Message struct {
	Text  string `json:"text"`  // of the first error
	Count int64  `json:"count"` // number of errors
}

// An Example is a result that is not an answer.
type Example struct {
	Request   int64  `json:"request"`              // position in the input, from 1
	CustomID  string `json:"custom_id"`            // in the input, its first 100 bytes
	Batch     int64  `json:"batch,omitempty"`      // number of the batch in the job, if it is known
	RequestID string `json:"request_id,omitempty"` // of the service, if there is one
	Text      string `json:"text,omitempty"`       // of the error, its first 300 bytes
}

// Reasons are the kinds of failures, most frequent first.
type Reasons []*Reason

// add counts a result that is not an answer, or whose request was resent.
func (r *Reasons) add(s *jobs.StoredResult) {
	outcome, kind, text, id := explain(s)
	at := slices.IndexFunc(*r, func(x *Reason) bool { return x.Outcome == outcome && x.Type == kind })
	if at < 0 && len(*r) >= mostReasons {
		outcome, kind = "other", ""
		at = slices.IndexFunc(*r, func(x *Reason) bool { return x.Outcome == outcome })
	}
	if at < 0 {
		at = len(*r)
		*r = append(*r, &Reason{Outcome: outcome, Type: kind, seen: make(map[string]*Message)})
	}
	x := (*r)[at]
	x.Requests++
	x.say(text)
	if len(x.Examples) < mostExamples {
		x.Examples = append(x.Examples, Example{s.Index + 1, cli.Cut(s.Item.CustomID, mostID), s.Seq, cli.Cut(id, mostID), text})
	}
}

// say counts an error text.
func (x *Reason) say(text string) {
	if text == "" {
		return
	}
	key := strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return -1
		}
		return c
	}, text)
	m := x.seen[key]
	switch {
	case m != nil:
		m.Count++
	case len(x.seen) < mostMessages:
		x.seen[key] = &Message{text, 1}
	default:
		x.Others++
	}
}

// done sorts the reasons and keeps their most frequent texts.
func (r Reasons) done() {
	for _, x := range r {
		for _, m := range x.seen {
			x.Messages = append(x.Messages, *m)
		}
		slices.SortFunc(x.Messages, func(a, b Message) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text))
		})
		for len(x.Messages) > keptMessages {
			last := len(x.Messages) - 1
			x.Others += x.Messages[last].Count
			x.Messages = x.Messages[:last]
		}
		x.seen = nil
	}
	slices.SortStableFunc(r, func(a, b *Reason) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Type, b.Type))
	})
}

// requests returns the sum over all reasons.
func (r Reasons) requests() (n int64) {
	for _, x := range r {
		n += x.Requests
	}
	return n
}

// explain returns why a result is not an accepted answer.
func explain(s *jobs.StoredResult) (outcome, kind, text, requestID string) {
	if s.Kind == jobs.ResultMissing {
		return "missing", "", "", ""
	}
	if m := s.Item.Message(); m != nil {
		return "rejected", stopReason(m), "", ""
	}
	err := s.Item.Err()
	var api *client.APIError
	switch {
	case errors.Is(err, client.ErrExpired):
		return "expired", "", "", ""
	case errors.Is(err, client.ErrCanceled):
		return "canceled", "", "", ""
	case errors.As(err, &api):
		return "errored", cli.Cut(api.Type, mostID), cli.Cut(api.Message, mostText), api.RequestID
	}
	return "errored", "", cli.Cut(err.Error(), mostText), ""
}

func stopReason(m *client.Message) string { return cli.Cut(string(m.StopReason), mostID) }
