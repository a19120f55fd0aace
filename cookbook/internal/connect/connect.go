// Package connect returns clients for the programs of the cookbook: of the service, or of a fake one in the process.
package connect

import (
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// Client returns a client of the real service if live is set, which needs ANTHROPIC_API_KEY. Otherwise it is one of a fake
// service, which works on a batch for three seconds and answers a request with the text for a word that its last message has, or
// with that for "". The fake keeps its batches in a directory, so that they are there when a program was killed.
func Client(live bool, dir string, answers map[string]string) (*client.Client, error) {
	if live {
		return client.New()
	}
	state, err := batchtest.OpenState(dir)
	if err != nil {
		return nil, err
	}
	service := batchtest.Start(state, batchtest.WithDuration(3*time.Second))
	service.AnswerAll(func(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
		text := answers[""]
		for word, answer := range answers {
			if word != "" && strings.Contains(said(r), word) {
				text = answer
			}
		}
		return batchtest.Text(text)(r)
	})
	return service.Client(), nil
}

// said returns the last text of a request.
func said(r *gen.BetaMessageBatchIndividualRequestParams) string {
	m, ok := r.Params.Messages[len(r.Params.Messages)-1].(*client.UserMessage)
	if !ok {
		return ""
	}
	text, _ := m.Content.(client.TextContent)
	return string(text)
}
