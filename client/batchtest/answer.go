package batchtest

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

// An Answer makes the result of a request. It is called once for each request that finishes, when somebody looks at the
// batch after its end, and with the service locked: it must neither call the service nor wait. If it panics or ends its
// goroutine, as t.Fatal does, the test fails and the request is errored.
type Answer func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult

// Answer sets what becomes of the request with a custom id, whatever its parameters are. With an empty custom id it sets
// what becomes of all requests that have no answer of their own and whose parameters fit the contract; the others are
// errored, as they would be by the service. It holds for batches that have not ended.
func (s *Service) Answer(customID string, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[customID] = a
}

// Text answers with a text.
func Text(text string) Answer {
	return Message(gen.BetaMessage{Content: []gen.BetaContentBlock{&gen.BetaTextBlock{Text: text}}})
}

// Message answers with a message. What it lacks of id, model, stop reason, service tier and token counts is made up.
func Message(m gen.BetaMessage) Answer {
	return func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		m := m
		if m.ID == "" {
			m.ID = "msg_" + r.CustomID
		}
		if m.Model == "" {
			m.Model = r.Params.Model
		}
		if m.StopReason == "" {
			m.StopReason = gen.BetaMessageStopReasonEndTurn
		}
		if m.Usage.ServiceTier == "" {
			m.Usage.ServiceTier = gen.BetaUsageServiceTierBatch
		}
		if m.Usage.InputTokens == 0 && m.Usage.OutputTokens == 0 {
			m.Usage.InputTokens = int64(len(words(r.Params.Messages))) + 8
			m.Usage.OutputTokens = 2
			for _, b := range m.Content {
				if text, ok := b.(*gen.BetaTextBlock); ok {
					m.Usage.OutputTokens += int64(len(strings.Fields(text.Text)))
				}
			}
		}
		return &gen.BetaMessageBatchSucceededResult{Message: m}
	}
}

// Errored answers with an error, for example &gen.BetaOverloadedError{Message: "Overloaded."}.
func Errored(err gen.BetaError) Answer {
	return func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult { return errored(err) }
}

func errored(err gen.BetaError) gen.BetaMessageBatchResult {
	return &gen.BetaMessageBatchErroredResult{Error: gen.BetaErrorResponse{Error: err}}
}

// Raw answers with a result of any form, for example one of a type that no client knows yet.
func Raw(result string) Answer {
	return func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		var tag struct {
			Type string `json:"type"`
		}
		_ = json.Unmarshal([]byte(result), &tag) // what is no JSON is found when it is written
		return &gen.Unknown{Type: tag.Type, Raw: jsontext.Value(result)}
	}
}

// InTurn gives one answer after the other, each to one request, and the last one to all that follow. It is for custom ids
// that are sent again in another batch.
func InTurn(answers ...Answer) Answer {
	var mu sync.Mutex
	return func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		mu.Lock()
		a := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		mu.Unlock()
		return a(r)
	}
}

// answer makes the result of a request. The problem is one of the test, not of the request.
func (s *Service) answer(r request, o preflight.Options) (result gen.BetaMessageBatchResult, problem string) {
	decoded := gen.BetaMessageBatchIndividualRequestParams{CustomID: r.customID}
	misfit := decoded.Params.UnmarshalJSON(r.params)
	if a := s.answers[r.customID]; a != nil {
		return ask(a, &decoded)
	}
	mistake := checkParams(r.params, o)
	if mistake == "" && misfit != nil {
		mistake = misfit.Error()
	}
	if mistake != "" {
		return errored(&gen.BetaInvalidRequestError{Message: mistake}), ""
	}
	if a := s.answers[""]; a != nil {
		return ask(a, &decoded)
	}
	last := words(decoded.Params.Messages)
	if len(last) > 12 {
		last = last[len(last)-12:]
	}
	return Text("You said: " + strings.Join(last, " "))(&decoded), ""
}

// ask asks an answer of the test. It has a goroutine of its own, because t.Fatal ends the one that it is called in.
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

// words returns the words of the texts in a conversation.
func words(messages []gen.BetaMessageParam) []string {
	var words []string
	for _, m := range messages {
		if user, ok := m.(*gen.BetaUserMessageParam); ok {
			switch content := user.Content.(type) {
			case gen.BetaTextContent:
				words = append(words, strings.Fields(string(content))...)
			case gen.BetaMessageContentBlocks:
				for _, b := range content {
					if text, ok := b.(*gen.BetaTextBlockParam); ok {
						words = append(words, strings.Fields(text.Text)...)
					}
				}
			}
		}
	}
	return words
}

// checkParams returns what the contract does not allow about the parameters of a request, or "".
func checkParams(params jsontext.Value, o preflight.Options) string {
	for _, issue := range preflight.CheckParams(params, o) {
		if issue.Severity == preflight.Error {
			return dotted("params", issue.Pointer) + ": " + issue.Message
		}
	}
	return ""
}
