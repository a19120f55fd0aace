package gen_test

import (
	"encoding/json"
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/gen"
)

// Construct a union by naming the member, and examine it with a type switch. A member that is newer than the contract
// is an *Unknown, which holds its JSON and is written unchanged.
func Example_unions() {
	image := gen.BetaUserMessageParam{Content: gen.BetaMessageContentBlocks{
		&gen.BetaTextBlockParam{Text: "What is this?"},
		&gen.BetaImageBlockParam{Source: &gen.BetaURLImageSource{URL: "https://example.com/cat.png"}},
		&gen.Unknown{Raw: []byte(`{"type":"smell","of":"fish"}`)},
	}}
	written, err := json.Marshal(&image)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(written))

	var read gen.BetaUserMessageParam
	if err := json.Unmarshal(written, &read); err != nil {
		log.Fatal(err)
	}
	for _, block := range read.Content.(gen.BetaMessageContentBlocks) {
		switch b := block.(type) {
		case *gen.BetaTextBlockParam:
			fmt.Println("text:", b.Text)
		case *gen.BetaImageBlockParam:
			fmt.Println("image from", b.Source.(*gen.BetaURLImageSource).URL)
		case *gen.Unknown:
			fmt.Println(b.Type, "is unknown:", string(b.Raw))
		}
	}
	// Output:
	// {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image","source":{"type":"url","url":"https://example.com/cat.png"}},{"type":"smell","of":"fish"}]}
	// text: What is this?
	// image from https://example.com/cat.png
	// smell is unknown: {"type":"smell","of":"fish"}
}
