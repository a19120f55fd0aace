package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/gen"
)

// A Block is a part of a prompt or a response, as the page shows it.
type Block struct {
	// Kind is text, thinking, tool, result, image, document, tools or other.
	Kind string `json:"kind"`

	// Role is system, user or assistant; empty in a response.
	Role string `json:"role,omitempty"`

	// Title adds to the kind, such as the name of a tool.
	Title string `json:"title,omitempty"`

	// Text is the content. Format is markdown, plain or json.
	Text   string `json:"text,omitempty"`
	Format string `json:"format,omitempty"`

	// Image is a data URI of an image in the request.
	Image string `json:"image,omitempty"`

	// Citations are the sources of the text.
	Citations []Citation `json:"citations,omitempty"`

	// Bytes is the full size of Text or Image if it is truncated.
	Bytes int `json:"bytes,omitempty"`
}

// A Citation is a source of a text.
type Citation struct {
	Source string `json:"source"`          // a title or a URL
	Place  string `json:"place,omitempty"` // position in the source
	Text   string `json:"text,omitempty"`  // cited text
}

// responseBlocks returns the blocks of a message.
func responseBlocks(m *client.Message) []Block {
	var all []Block
	if m != nil {
		for _, b := range m.Content {
			all = append(all, block(b))
		}
	}
	return all
}

// requestBlocks returns the blocks that the model reads, from the parameters of a request.
func requestBlocks(p *client.Params) []Block {
	var all []Block
	add := func(role string, blocks ...Block) {
		for _, b := range blocks {
			b.Role = role
			all = append(all, b)
		}
	}
	if p.System != nil {
		add("system", content(p.System)...)
	}
	for _, m := range p.Messages {
		switch m := m.(type) {
		case *gen.BetaUserMessageParam:
			add("user", content(m.Content)...)
		case *gen.BetaAssistantMessageParam:
			add("assistant", content(m.Content)...)
		case *gen.BetaSystemMessageParam:
			add("system", content(m.Content)...)
		default:
			add("other", other(m))
		}
	}
	if len(p.Tools) > 0 {
		b := raw("tools", p.Tools)
		b.Title = fmt.Sprintf("%d", len(p.Tools))
		add("tools", b)
	}
	return all
}

// content returns the blocks of content, which is a text or blocks.
func content(c any) []Block {
	var all []Block
	switch c := c.(type) {
	case nil:
	case gen.BetaTextContent:
		all = append(all, text(string(c)))
	case gen.BetaTextBlocks:
		for i := range c {
			all = append(all, block(&c[i]))
		}
	case gen.BetaMessageContentBlocks:
		for _, b := range c {
			all = append(all, block(b))
		}
	case gen.BetaToolResultContentBlocks:
		for _, b := range c {
			all = append(all, block(b))
		}
	case gen.BetaSystemMessageContentBlocks:
		for _, b := range c {
			all = append(all, block(b))
		}
	default:
		all = append(all, other(c))
	}
	return all
}

func text(s string) Block { return Block{Kind: "text", Text: s, Format: "markdown"} }

// block converts a member of any union. Members without a form of their own are shown as JSON.
func block(b any) Block {
	switch b := b.(type) {
	case *gen.BetaTextBlock:
		t := text(b.Text)
		for _, c := range b.Citations {
			t.Citations = append(t.Citations, citation(c))
		}
		return t
	case *gen.BetaTextBlockParam:
		return text(b.Text)
	case *gen.BetaThinkingBlock:
		return Block{Kind: "thinking", Text: b.Thinking, Format: "markdown"}
	case *gen.BetaThinkingBlockParam:
		return Block{Kind: "thinking", Text: b.Thinking, Format: "markdown"}
	case *gen.BetaRedactedThinkingBlock, *gen.BetaRedactedThinkingBlockParam:
		return Block{Kind: "thinking", Title: "redacted"}
	case *gen.BetaToolUseBlock:
		return call(b.Name, b.Input)
	case *gen.BetaToolUseBlockParam:
		return call(b.Name, b.Input)
	case *gen.BetaServerToolUseBlock:
		return call(string(b.Name), b.Input)
	case *gen.BetaServerToolUseBlockParam:
		return call(string(b.Name), b.Input)
	case *gen.BetaMCPToolUseBlock:
		return call(b.ServerName+" "+b.Name, b.Input)
	case *gen.BetaToolResultBlockParam:
		return result(b)
	case *gen.BetaImageBlockParam:
		return image(b.Source)
	case *gen.BetaRequestDocumentBlock:
		return document(b)
	}
	return other(b)
}

func call(name string, input jsontext.Value) Block {
	return Block{Kind: "tool", Title: name, Text: pretty(input), Format: "json"}
}

// result returns the result of a tool. Its texts are joined, and its images are only mentioned.
func result(b *gen.BetaToolResultBlockParam) Block {
	r := Block{Kind: "result", Format: "plain"}
	if b.IsError {
		r.Title = "error"
	}
	var texts []string
	for _, c := range content(b.Content) {
		if c.Kind == "image" {
			c.Text = "[image]"
		}
		texts = append(texts, c.Text)
	}
	r.Text = strings.Join(texts, "\n")
	return r
}

// image returns an image in the request. An image elsewhere is only mentioned, because the page loads nothing.
func image(source gen.BetaImageSource) Block {
	b := Block{Kind: "image"}
	switch s := source.(type) {
	case *gen.BetaBase64ImageSource:
		switch s.MediaType {
		case "image/png", "image/jpeg", "image/gif", "image/webp":
			b.Title = string(s.MediaType)
			b.Image = "data:" + string(s.MediaType) + ";base64," + s.Data
		default:
			b.Title = "unknown format"
		}
	case *gen.BetaURLImageSource:
		b.Title, b.Text, b.Format = "not loaded", s.URL, "plain"
	default:
		return other(source)
	}
	return b
}

func document(b *gen.BetaRequestDocumentBlock) Block {
	d := Block{Kind: "document", Title: b.Title, Format: "plain"}
	switch s := b.Source.(type) {
	case *gen.BetaPlainTextSource:
		d.Text = s.Data
	case *gen.BetaBase64PDFSource:
		d.Text = fmt.Sprintf("PDF, %d bytes", len(s.Data)*3/4)
	case *gen.BetaContentBlockSource:
		return raw("document", s)
	case *gen.BetaURLPDFSource:
		d.Text = s.URL
	default:
		return raw("document", s)
	}
	return d
}

func citation(c gen.BetaTextCitation) Citation {
	switch c := c.(type) {
	case *gen.BetaCitationCharLocation:
		return Citation{Source: c.DocumentTitle, Place: fmt.Sprintf("characters %d to %d", c.StartCharIndex, c.EndCharIndex), Text: c.CitedText}
	case *gen.BetaCitationPageLocation:
		return Citation{Source: c.DocumentTitle, Place: fmt.Sprintf("pages %d to %d", c.StartPageNumber, c.EndPageNumber), Text: c.CitedText}
	case *gen.BetaCitationContentBlockLocation:
		return Citation{Source: c.DocumentTitle, Place: fmt.Sprintf("blocks %d to %d", c.StartBlockIndex, c.EndBlockIndex), Text: c.CitedText}
	case *gen.BetaCitationsWebSearchResultLocation:
		return Citation{Source: c.Title, Place: c.URL, Text: c.CitedText}
	case *gen.BetaCitationSearchResultLocation:
		return Citation{Source: c.Title, Place: c.Source, Text: c.CitedText}
	}
	return Citation{Source: c.Discriminator()}
}

// other returns a block without a form of its own, with its type as title.
func other(b any) Block {
	r := raw("other", b)
	if d, ok := b.(interface{ Discriminator() string }); ok {
		r.Title = d.Discriminator()
	}
	return r
}

func raw(kind string, v any) Block {
	b, err := json.Marshal(v)
	if err != nil {
		return Block{Kind: kind, Text: "cannot be shown: " + err.Error(), Format: "plain"}
	}
	return Block{Kind: kind, Text: pretty(b), Format: "json"}
}

// deepest is the maximum depth of JSON that is indented, because lines grow with each level.
const deepest = 64

// pretty indents JSON. Invalid or very deep JSON is returned unchanged.
func pretty(v []byte) string {
	var b bytes.Buffer
	if depth(v) > deepest || json.Indent(&b, v, "", "  ") != nil {
		return string(v)
	}
	return b.String()
}

// depth returns an upper bound of the depth of JSON: it also counts brackets in strings.
func depth(v []byte) (most int) {
	now := 0
	for _, c := range v {
		switch c {
		case '[', '{':
			now++
			most = max(most, now)
		case ']', '}':
			now--
		}
	}
	return most
}
