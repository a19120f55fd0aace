package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
)

// TestCreateOverHTTP2 fails a create in each way that HTTP/2 has, before, during and after its body, many times. The server
// never receives two whole bodies. Everything else follows the client's table: a body that was not sent whole is resent;
// after a whole body, REFUSED_STREAM, and GOAWAY for streams above its last one, mean that it was not accepted; and
// everything else is uncertain.
//
// The client recognizes "not processed" by texts of net/http. If another version of Go has other texts, the rows named
// "after" fail.
func TestCreateOverHTTP2(t *testing.T) {
	t.Parallel()
	type outcome int
	const (
		resent   outcome = iota // the first call failed, the second one returned the batch
		atOnce                  // the first call returned the batch
		refused                 // there is no batch
		unknown                 // an UncertainError
		notTwice                // resent or refused, depending on timing
	)
	const pretended = "http2: Transport received GOAWAY from server ErrCode:NO_ERROR, http2: Transport: cannot retry err [http2: Transport received Server's graceful shutdown GOAWAY]"
	whole := func(s *h2Stream) bool { return s.whole }
	middle := func(s *h2Stream) bool { return s.bytes > 100_000 }
	headers := func(*h2Stream) bool { return true }
	large, small := requests(1), requests(1)
	large[0].Params.Messages = []client.InputMessage{client.UserText(strings.Repeat("x", 300_000))}
	reset := func(code uint32) func(*h2Stream) { return func(s *h2Stream) { s.reset(code) } }
	goAway := func(code uint32) func(*h2Stream) { return func(s *h2Stream) { s.goAway(0, code, "bye") } }
	for name, tt := range map[string]struct {
		requests []client.Request
		when     func(*h2Stream) bool
		act      func(*h2Stream)
		want     outcome
	}{
		"REFUSED_STREAM/before":               {large, headers, reset(h2RefusedStream), resent},
		"REFUSED_STREAM/before, small":        {small, headers, reset(h2RefusedStream), notTwice},
		"REFUSED_STREAM/middle":               {large, middle, reset(h2RefusedStream), resent},
		"REFUSED_STREAM/after":                {large, whole, reset(h2RefusedStream), refused},
		"REFUSED_STREAM/after, small":         {small, whole, reset(h2RefusedStream), refused},
		"GOAWAY gracefully/before":            {large, headers, goAway(h2NoError), resent},
		"GOAWAY gracefully/before, small":     {small, headers, goAway(h2NoError), notTwice},
		"GOAWAY gracefully/middle":            {large, middle, goAway(h2NoError), resent},
		"GOAWAY gracefully/after":             {large, whole, goAway(h2NoError), refused},
		"GOAWAY gracefully/after, in 2 steps": {large, whole, func(s *h2Stream) { s.goAway(1<<31-1, h2NoError, ""); s.goAway(0, h2NoError, "") }, refused},
		"GOAWAY gracefully/after, then close": {large, whole, func(s *h2Stream) { s.goAway(0, h2NoError, ""); s.hangUp() }, refused},
		"GOAWAY with an error/before":         {large, headers, goAway(h2EnhanceYourCalm), resent},
		"GOAWAY with an error/middle":         {large, middle, goAway(h2InternalError), resent},
		"GOAWAY with an error/after":          {large, whole, goAway(h2EnhanceYourCalm), refused},
		"GOAWAY with an error/after, 2":       {small, whole, goAway(h2ProtocolError), refused},
		"GOAWAY of ours/middle, then close":   {large, middle, func(s *h2Stream) { s.goAway(s.id, h2NoError, ""); s.hangUp() }, resent},
		"GOAWAY of ours/after, then close":    {large, whole, func(s *h2Stream) { s.goAway(s.id, h2NoError, ""); s.hangUp() }, unknown},
		"GOAWAY of ours/after, with an error": {large, whole, func(s *h2Stream) { s.goAway(s.id, h2InternalError, ""); s.hangUp() }, unknown},
		"GOAWAY of ours/after, with a lie":    {large, whole, func(s *h2Stream) { s.goAway(s.id, h2NoError, pretended); s.hangUp() }, unknown},
		"GOAWAY of ours/after, then a batch":  {large, whole, func(s *h2Stream) { s.goAway(s.id, h2NoError, ""); s.respond() }, atOnce},
		"PROTOCOL_ERROR/before":               {large, headers, reset(h2ProtocolError), resent},
		"PROTOCOL_ERROR/middle":               {large, middle, reset(h2ProtocolError), resent},
		"PROTOCOL_ERROR/after":                {large, whole, reset(h2ProtocolError), unknown},
		"INTERNAL_ERROR/middle":               {large, middle, reset(h2InternalError), resent},
		"INTERNAL_ERROR/after":                {large, whole, reset(h2InternalError), unknown},
		"CANCEL/after":                        {large, whole, reset(h2Cancel), unknown},
		"an unknown code/after":               {large, whole, reset(0x99), unknown},
		"closed/before":                       {large, headers, (*h2Stream).hangUp, resent},
		"closed/middle":                       {large, middle, (*h2Stream).hangUp, resent},
		"closed/after":                        {large, whole, (*h2Stream).hangUp, unknown},
		"closed/after, small":                 {small, whole, (*h2Stream).hangUp, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newH2Server(t, func(s *h2Stream) bool {
				met := s.attempt == 1 && tt.when(s)
				if met {
					tt.act(s)
				}
				return met
			})
			c := socketClient(t, s.url, client.WithHTTPClient(s.client), client.WithHeader("Idempotency-Key", "1"))
			const runs = 60
			for run := range runs {
				s.newRun()
				b, err := c.Create(t.Context(), tt.requests)
				calls, wholes := s.counts(run)
				got := outcome(-1)
				switch {
				case b != nil && err == nil && calls == 2:
					got = resent
				case b != nil && err == nil && calls == 1:
					got = atOnce
				case b == nil && errors.As(err, new(*client.UncertainError)) && calls == 1:
					got = unknown
				case b == nil && err != nil && calls == 1:
					got = refused
				}
				if want := tt.want; wholes > 1 || got != want && (want != notTwice || got != resent && got != refused) {
					t.Errorf("run %d: %d calls with %d whole bodies, %+v, %v", run, calls, wholes, b, err)
				}
			}
			for run := range runs {
				if _, wholes := s.counts(run); wholes > 1 { // some arrived late
					t.Errorf("run %d: %d whole bodies", run, wholes)
				}
			}
		})
	}
}
