package client_test

import (
	"fmt"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
)

// The lines of a file that CreateLines would refuse are found before anything is sent.
func ExampleCheckLine() {
	file := `{"custom_id":"a","params":{"model":"claude-opus-5","max_tokens":10,"messages":[{"role":"user","content":"Hello"}]}}
{"custom_id":"b"}
{"custom_id":"c","params":{}
`
	number := 0
	for line := range strings.Lines(file) {
		number++
		if err := client.CheckLine([]byte(line)); err != nil {
			fmt.Printf("line %d: %v\n", number, err)
		}
	}
	// Output:
	// line 2: a line must be one object with custom_id and params, an object
	// line 3: not one whole JSON object, at byte 29: unexpected EOF
}
