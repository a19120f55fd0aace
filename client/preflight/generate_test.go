package preflight_test

import (
	"fmt"
	"io"
	"strings"
)

// shapes are requests of about 2.5 KB as programs write them, without the beginning with the custom id.
var shapes = []string{
	`"params":{"model":"claude-opus-5","max_tokens":1024,"messages":[{"role":"user","content":"` + prose(2350) + `"}]}}`,
	// A text with escapes, from a program that writes ASCII only, white space between tokens.
	`"params": {"model": "claude-haiku-4-5", "max_tokens": 512, "temperature": 0.2, "system": "` + prose(300) + `", "messages": [{"role": "user", "content": "` +
		prose(900) + `\n\n\u201cGr\u00fc\u00dfe aus Z\u00fcrich\u201d\n` + prose(900) + `"}, {"role": "assistant", "content": "{"}]}}`,
	// Blocks: cached text, an image, a document.
	`"params":{"model":"claude-opus-5","max_tokens":2048,"system":[{"type":"text","text":"` + prose(400) + `","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":[` +
		`{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + strings.Repeat("iVBORw0KGgoAAAANSUhEUgAA", 40) + `"}},` +
		`{"type":"document","source":{"type":"text","media_type":"text/plain","data":"` + prose(500) + `"},"title":"Report","citations":{"enabled":true}},` +
		`{"type":"text","text":"` + prose(120) + `"}]}],"metadata":{"user_id":"u-1"}}}`,
	// Tools.
	`"params":{"model":"claude-haiku-4-5","max_tokens":4096,"tools":[` + tool("get_weather") + `,` + tool("get_time") + `,` + tool("find_city") +
		`,{"type":"web_search_20250305","name":"web_search","max_uses":3}],"tool_choice":{"type":"auto"},"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"user","content":"` + prose(900) + `"}]}}`,
	// A conversation with tool results, the names of properties in alphabetical order.
	`"params":{"max_tokens":1024,"messages":[{"content":"` + prose(300) + `","role":"user"},` + turn("toolu_01") + `,` + turn("toolu_02") + `,` + turn("toolu_03") +
		`],"model":"claude-sonnet-5","stop_sequences":["END"],"tools":[` + tool("get_weather") + `]}}`,
}

func prose(n int) string {
	const words = "The quick brown fox jumps over the lazy dog, and the dog does not mind. "
	return strings.Repeat(words, n/len(words)+1)[:n]
}

func tool(name string) string {
	return `{"name":"` + name + `","description":"Tells something about a place, and when it was found out.","input_schema":{"type":"object","properties":` +
		`{"city":{"type":"string","description":"The city, with its country."},"unit":{"type":"string","enum":["celsius","fahrenheit"]}},"required":["city"]}}`
}

func turn(id string) string {
	return `{"content":[{"text":"` + prose(90) + `","type":"text"},{"id":"` + id + `","input":{"city":"Z\u00fcrich","unit":"celsius"},"name":"get_weather","type":"tool_use"}],"role":"assistant"},` +
		`{"content":[{"content":[{"text":"` + prose(220) + `","type":"text"}],"tool_use_id":"` + id + `","type":"tool_result"}],"role":"user"}`
}

// A generator is a file of requests that is generated while it is read.
type generator struct {
	left, next int // requests
	rest, buf  []byte
	onRead     func() // called before each read, if set
}

// generate returns a file of n requests of all shapes.
func generate(n int) *generator { return &generator{left: n} }

// Read implements io.Reader.
func (g *generator) Read(p []byte) (int, error) {
	if g.onRead != nil {
		g.onRead()
	}
	n := 0
	for n < len(p) {
		if len(g.rest) == 0 {
			if g.left == 0 {
				break
			}
			g.buf = fmt.Appendf(g.buf[:0], `{"custom_id":"request-%d",%s`+"\n", g.next, shapes[g.next%len(shapes)])
			g.rest, g.left, g.next = g.buf, g.left-1, g.next+1
		}
		copied := copy(p[n:], g.rest)
		g.rest = g.rest[copied:]
		n += copied
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
