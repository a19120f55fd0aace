package client

import "github.com/seed-111a911e/messagebatches/gen"

// UserText returns a message from the user with one text.
func UserText(text string) InputMessage {
	return &gen.BetaUserMessageParam{Content: gen.BetaTextContent(text)}
}

// AssistantText returns a message from the assistant with one text.
func AssistantText(text string) InputMessage {
	return &gen.BetaAssistantMessageParam{Content: gen.BetaTextContent(text)}
}
