// Package connect returns clients for the programs of the cookbook, for the real service or a fake one in the process.
package connect

import (
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// Client returns a client of the real service if live is set, which needs ANTHROPIC_API_KEY. Otherwise it returns a client
// of a fake service, which runs a batch for three seconds. The answer to a request is the text whose key in answers is in
// its last message, or that of the key "". The fake stores its batches in a directory, so that they survive if the program
// is killed.
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

// said returns the text of the last message of a request.
func said(r *gen.BetaMessageBatchIndividualRequestParams) string {
	m, ok := r.Params.Messages[len(r.Params.Messages)-1].(*client.UserMessage)
	if !ok {
		return ""
	}
	text, _ := m.Content.(client.TextContent)
	return string(text)
}
