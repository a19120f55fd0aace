package main

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
	"github.com/seed-111a911e/messagebatches/gen"
)

// answers sets the answers of the fake: for two questions it calls the tool and then repeats the tool's result.
func answers(s *batchtest.Service) {
	call := func(number string) batchtest.Answer {
		return batchtest.Message(client.Message{StopReason: client.StopReasonToolUse, Content: []client.ContentBlock{
			&client.ToolUseBlock{ID: "toolu_1", Name: "get_order", Input: jsontext.Value(`{"number":` + number + `}`)},
		}})
	}
	s.Answer("ann", batchtest.InTurn(call("7"), repeat))
	s.Answer("bob", batchtest.InTurn(call("9"), repeat)) // there is no such order
	s.Answer("cem", batchtest.Text("Nine to five."))
}

func repeat(r *gen.BetaMessageBatchIndividualRequestParams) gen.BetaMessageBatchResult {
	said := "nothing"
	last, _ := r.Params.Messages[len(r.Params.Messages)-1].(*client.UserMessage)
	blocks, _ := last.Content.(client.ContentBlocks)
	for _, block := range blocks {
		if result, ok := block.(*client.ToolResultBlockParam); ok {
			text, _ := result.Content.(client.TextContent)
			said = string(text)
		}
	}
	return batchtest.Text("The shop says: " + said + ".")(r)
}
