package batchtest

import (
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
)

// An Answer returns the result of a request. It is called once for each request that finishes, by the first call about
// any batch after the request's own batch has ended. It must not call the service, which is locked meanwhile, and it
// must not block. If it panics or ends its goroutine, as t.Fatal does, the test fails and the request is errored.
type Answer func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult

// Text succeeds with a message of one text block.
func Text(text string) Answer {
	return Message(gen.BetaMessage{Content: []gen.BetaContentBlock{&gen.BetaTextBlock{Text: text}}})
}

// Message succeeds with a message. A missing id, model, stop reason or service tier is filled in; for an alias, the
// model is its snapshot. If the message has no input and output tokens, they are counted from the request, the prompt
// cache, and the message's words.
func Message(m gen.BetaMessage) Answer {
	return func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		m := m
		if m.ID == "" {
			m.ID = "msg_" + r.CustomID
		}
		if m.Model == "" {
			m.Model = snapshot(r.Params.Model)
		}
		if m.StopReason == "" {
			m.StopReason = gen.BetaMessageStopReasonEndTurn
		}
		if m.Usage.ServiceTier == "" {
			m.Usage.ServiceTier = gen.BetaUsageServiceTierBatch
		}
		return &gen.BetaMessageBatchSucceededResult{Message: m}
	}
}

// Truncated succeeds with a message of one text block that ends at max_tokens.
func Truncated(text string) Answer {
	return Message(gen.BetaMessage{
		Content:    []gen.BetaContentBlock{&gen.BetaTextBlock{Text: text}},
		StopReason: gen.BetaMessageStopReasonMaxTokens,
	})
}

// Refused succeeds with a refusal, which has no content.
func Refused() Answer {
	return Message(gen.BetaMessage{
		Content:     []gen.BetaContentBlock{},
		StopReason:  gen.BetaMessageStopReasonRefusal,
		StopDetails: &gen.BetaRefusalStopDetails{Explanation: "The fake service refuses this request."},
	})
}

// Errored fails the request with an error, for example &gen.BetaOverloadedError{Message: "Overloaded."}.
func Errored(err gen.BetaError) Answer {
	return func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult { return errored(err) }
}

func errored(err gen.BetaError) gen.BetaMessageBatchResult {
	return &gen.BetaMessageBatchErroredResult{Error: gen.BetaErrorResponse{Error: err}}
}

// Raw returns the given JSON as the result, for example one of a type that no client knows yet. If the JSON is invalid,
// the test fails and the request is errored.
func Raw(result string) Answer {
	return func(*gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		var tag struct {
			Type string `json:"type"`
		}
		// Names are case-sensitive. Invalid JSON is found when the result is written.
		_ = json.Unmarshal([]byte(result), &tag, jsontext.AllowDuplicateNames(true))
		return &gen.Unknown{Type: tag.Type, Raw: jsontext.Value(result)}
	}
}

// InTurn uses each answer once, in order, and the last one for all further requests. It is for custom ids that are
// resent in another batch.
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

// truncated cuts the text of an answer in half.
func truncated(a Answer) Answer {
	return func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		text := ""
		if succeeded, ok := a(r).(*gen.BetaMessageBatchSucceededResult); ok {
			text = succeeded.Message.Text()
		}
		return Truncated(strings.ToValidUTF8(text[:len(text)/2], ""))(r)
	}
}
