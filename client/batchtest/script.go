package batchtest

import (
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/seed-111a911e/messagebatches/gen"
)

// A script sets the results of requests, and how long they take.
type script struct {
	answers map[string]Answer        // by custom id
	rules   []*answerRule            // of requests without an answer of their own, from files
	others  Answer                   // of all others
	takes   map[string]time.Duration // by custom id
}

// Answer sets the result of requests with a custom id, even if their parameters do not fit the contract. It applies to
// batches that have not ended. It panics if customID is empty: see [Service.AnswerAll].
func (s *Service) Answer(customID string, a Answer) {
	if customID == "" {
		panic("batchtest: Answer needs a custom id; AnswerAll sets the result of all requests")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script.answers[customID] = a
}

// AnswerAll sets the result of all requests that have no answer of their own. A request whose parameters do not fit the
// contract still ends as errored, as it would on the service. It applies to batches that have not ended.
func (s *Service) AnswerAll(a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script.others = a
}

// ReadAnswers reads answers from JSON Lines, one object per answer, for example
//
//	{"custom_id":"question-7","text":"Forty-two."}
//	{"custom_id":"page-*","error":{"type":"overloaded_error","message":"Busy."},"times":1}
//	{"contains":"weather","tool":"get_weather"}
//	{"json":{"category":"other"}}
//
// The first line that matches a request answers it; a request that matches no line is answered as without a file. A
// line matches a request that has its custom_id, where * matches any text, and whose params contain the text of its
// contains. A line without either matches every request. With times, it matches at most that many requests. The answer is
// one of
//
//	text       a text
//	json       a text that is this JSON value
//	truncated  a text that ends at max_tokens
//	refused    true: a refusal
//	tool       a call of the request's tool of this name, with an input that fits its schema
//	message    a message, which may omit what Message fills in
//	error      an error: the request fails
//	result     the whole result, as any JSON
//
// They apply as those of [Service.AnswerAll] do, and come before them.
func ReadAnswers(r io.Reader) (Option, error) {
	rules, err := readAnswers(r)
	if err != nil {
		return nil, err
	}
	return func(s *Service) { s.script.rules = append(s.script.rules, rules...) }, nil
}

// Takes sets how long requests with a custom id take, in batches created from now on. A batch takes at least as long as
// each of its requests. Use it to make some requests finish while others are canceled or expire.
func (s *Service) Takes(customID string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.script.takes[customID] = d
}

// used reports whether the script sets any results.
func (s *script) used() bool { return len(s.answers) > 0 || len(s.rules) > 0 || s.others != nil }

// answer returns the answer to a request with the given fate, or nil.
func (s *script) answer(q request, f fate) Answer {
	switch {
	case f == expires, f == cancels:
		return nil
	case s.answers[q.customID] != nil:
		return s.answers[q.customID]
	case f != runs:
		return nil
	}
	for _, rule := range s.rules {
		if rule.fits(q) {
			return rule.answer
		}
	}
	return s.others
}

// ask calls an answer of the test on its own goroutine, because t.Fatal ends the goroutine that calls it. A problem is
// a mistake in the test, not in the request.
func ask(a Answer, r *gen.BetaMessageBatchIndividualRequestParams) (result gen.BetaMessageBatchResult, problem string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		problem = "the answer to request " + r.CustomID + " did not return"
		defer func() {
			if p := recover(); p != nil {
				problem = fmt.Sprintf("the answer to request %s panicked: %v\n\n%s", r.CustomID, p, debug.Stack())
			}
		}()
		result = a(r)
		problem = ""
	}()
	<-done
	return result, problem
}
