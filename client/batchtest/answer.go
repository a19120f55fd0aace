package batchtest

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/gen"
)

// An Answer makes the result of a request. It is called once for each request, when the batch ends, with the
// service locked: it must not call the service.
type Answer func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult

// Answer sets what becomes of the request with a custom id, or, if that is empty, of all requests that have no answer
// of their own. It holds for batches that have not ended.
func (s *Service) Answer(customID string, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[customID] = a
}

// Text answers with a text.
func Text(text string) Answer {
	return func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		return &gen.BetaMessageBatchSucceededResult{Message: gen.BetaMessage{
			ID:         "msg_" + r.CustomID,
			Model:      r.Params.Model,
			Content:    []gen.BetaContentBlock{&gen.BetaTextBlock{Text: text}},
			StopReason: gen.BetaMessageStopReasonEndTurn,
			Usage: gen.BetaUsage{
				InputTokens:  int64(len(words(r.Params.Messages))) + 8,
				OutputTokens: int64(len(strings.Fields(text))) + 2,
				ServiceTier:  gen.BetaUsageServiceTierBatch,
			},
		}}
	}
}

// Message answers with a message.
func Message(m gen.BetaMessage) Answer {
	return func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		return &gen.BetaMessageBatchSucceededResult{Message: m}
	}
}

// Errored answers with an error, for example &gen.BetaOverloadedError{Message: "Overloaded."}.
func Errored(err gen.BetaError) Answer {
	return func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		return &gen.BetaMessageBatchErroredResult{Error: gen.BetaErrorResponse{Error: err}}
	}
}

// Raw answers with a result of any form, for example one of a type that no client knows yet.
func Raw(result string) Answer {
	return func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		return &gen.Unknown{Raw: jsontext.Value(result)}
	}
}

// answer makes the result of a request.
func (s *Service) answer(r request, version gen.AnthropicVersion) gen.BetaMessageBatchResult {
	decoded := gen.BetaMessageBatchIndividualRequestParams{CustomID: r.CustomID}
	decodeErr := decoded.Params.UnmarshalJSON(r.Params)
	if a := s.answers[r.CustomID]; a != nil {
		return a(&decoded)
	}
	if a := s.answers[""]; a != nil {
		return a(&decoded)
	}
	problem := checkParams(r.Params, version)
	if problem == "" && decodeErr != nil {
		problem = decodeErr.Error()
	}
	if problem != "" {
		return Errored(&gen.BetaInvalidRequestError{Message: problem})(&decoded)
	}
	last := words(decoded.Params.Messages)
	if len(last) > 12 {
		last = last[len(last)-12:]
	}
	return Text("You said: " + strings.Join(last, " "))(&decoded)
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
func checkParams(params jsontext.Value, version gen.AnthropicVersion) string {
	for _, issue := range preflight.CheckParams(params, preflight.Options{Version: version}) {
		if issue.Severity == preflight.Error {
			return "params" + strings.ReplaceAll(string(issue.Pointer), "/", ".") + ": " + issue.Message
		}
	}
	return ""
}
