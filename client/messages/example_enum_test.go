package messages_test

import (
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/messages"
)

// A Mood is one of a few strings.
type Mood string

// Enum returns the values of the enum: Tool and OutputFormat put them into the schema.
func (Mood) Enum() []string { return []string{"good", "bad", "mixed"} }

// A type with a method Enum is an enum.
func ExampleOutputFormat() {
	type Review struct {
		Mood  Mood   `json:"mood" jsonschema:"mood of the writer"`
		Topic string `json:"topic,omitempty"`
	}
	format, err := messages.OutputFormat[Review]()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(format.Schema)
	for _, text := range []string{`{"mood":"good","topic":"soup"}`, `{"mood":"Mixed"}`, `{"mood":"hungry"}`} {
		m := &client.Message{StopReason: client.StopReasonEndTurn, Content: []client.ContentBlock{&client.TextBlock{Text: text}}}
		review, err := messages.DecodeText[Review](m)
		fmt.Printf("%q %v\n", review.Mood, err)
	}
	// Output:
	// {"type":"object","properties":{"mood":{"type":"string","enum":["good","bad","mixed"],"description":"mood of the writer"},"topic":{"type":"string"}},"required":["mood"],"additionalProperties":false}
	// "good" <nil>
	// "mixed" <nil>
	// "" text of the message: string at "mood" is not one of the 3 values of Go type messages_test.Mood
}
