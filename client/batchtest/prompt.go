package batchtest

import (
	"bytes"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/internal/wire"
)

const (
	requestTokens  = 8    // of every request
	imageTokens    = 1600 // of an image, whatever its size
	bytesPerToken  = 32   // of a document in base64
	documentTokens = 1600 // of a document that is not in the request
)

// A prompt is the size of what a model reads of a request.
type prompt struct {
	model  string
	tokens int64
	breaks []breakpoint // of its prompt cache, in order
	cached bool         // whether to look for breakpoints
	prefix uint64       // a hash of everything read so far, if cached
}

// A breakpoint is a place up to which a prompt is cached.
type breakpoint struct {
	prefix uint64 // hash of the model and everything before the breakpoint
	tokens int64  // before it
	ttl    time.Duration
}

// measure reads the params of a request in the order of the model: tools, system, messages. A word is a token.
func measure(params []byte) prompt {
	var tools, system, messages []byte
	p := prompt{tokens: requestTokens}
	var automatic time.Duration
	d := wire.NewDecoder(params)
	if d.Object() {
		for name := d.Name(); name != nil; name = d.Name() {
			switch string(name) {
			case "model":
				wire.DecodeString(d, &p.model)
			case "tools":
				tools = d.Value()
			case "system":
				system = d.Value()
			case "messages":
				messages = d.Value()
			case "cache_control":
				automatic = ttlOf(d)
			default:
				d.Skip()
			}
		}
	}
	p.cached = bytes.Contains(params, []byte(`"cache_control"`))
	p.read([]byte(p.model))
	p.content(wire.NewDecoder(tools))
	p.content(wire.NewDecoder(system))
	p.messages(wire.NewDecoder(messages))
	if automatic > 0 {
		p.breakAt(automatic)
	}
	return p
}

func (p *prompt) messages(d *wire.Decoder) {
	if !d.List() {
		return
	}
	for d.Next() {
		if !d.Object() {
			continue
		}
		for name := d.Name(); name != nil; name = d.Name() {
			switch string(name) {
			case "role":
				p.read(d.Value())
			case "content":
				p.content(d)
			default:
				d.Skip()
			}
		}
	}
}

// content reads a text, or a list of blocks.
func (p *prompt) content(d *wire.Decoder) {
	if d.Kind() != '[' {
		p.text(d.Value())
		return
	}
	d.List()
	for d.Next() {
		p.block(d)
	}
}

// block reads a block of a message or of the system prompt, or a tool.
func (p *prompt) block(d *wire.Decoder) {
	if d.Kind() != '{' {
		d.Skip()
		return
	}
	kind := string(d.Tag("type"))
	var ttl time.Duration
	d.Object()
	for name := d.Name(); name != nil; name = d.Name() {
		switch string(name) {
		case "cache_control": // moving it does not change what is cached
			ttl = ttlOf(d)
		case "type", "id", "tool_use_id", "signature":
			p.read(d.Value())
		case "source":
			p.source(kind, d.Value())
		case "content": // of a tool result
			p.content(d)
		default:
			p.text(d.Value())
		}
	}
	if ttl > 0 {
		p.breakAt(ttl)
	}
}

// source reads the source of an image or a document.
func (p *prompt) source(kind string, source jsontext.Value) {
	p.read(source)
	var form, data string
	d := wire.NewDecoder(source)
	if d.Object() {
		for name := d.Name(); name != nil; name = d.Name() {
			switch string(name) {
			case "type":
				wire.DecodeString(d, &form)
			case "data":
				wire.DecodeString(d, &data)
			default:
				d.Skip()
			}
		}
	}
	switch {
	case kind == "image":
		p.tokens += imageTokens
	case form == "base64":
		p.tokens += int64(len(data) / bytesPerToken)
	case form == "text":
		p.tokens += int64(len(bytes.Fields([]byte(data))))
	default:
		p.tokens += documentTokens
	}
}

// text counts the words of all strings and property names in a value.
func (p *prompt) text(v jsontext.Value) {
	p.read(v)
	p.tokens += wordsOf(v)
}

// read adds v to the prefix.
func (p *prompt) read(v []byte) {
	if p.cached {
		p.prefix = scramble(p.prefix ^ number(string(v)))
	}
}

func (p *prompt) breakAt(ttl time.Duration) {
	p.breaks = append(p.breaks, breakpoint{p.prefix, p.tokens, ttl})
}

// ttlOf reads a cache_control and returns its time to live, or 0 if it is null.
func ttlOf(d *wire.Decoder) time.Duration {
	switch v := d.Value(); {
	case v.Kind() != '{':
		return 0
	case bytes.Contains(v, []byte(`"`+string(gen.BetaCacheControlEphemeralTTLOneHour)+`"`)):
		return time.Hour
	default:
		return 5 * time.Minute
	}
}

// wordsOf counts the words inside the strings of a JSON value. Escaped white space separates words too.
func wordsOf(v []byte) (n int64) {
	inString, inWord := false, false
	for i := 0; i < len(v); i++ {
		c := v[i]
		switch {
		case c == '"':
			inString, inWord = !inString, false
		case !inString:
		case c == ' ':
			inWord = false
		case c == '\\':
			i++
			if c = v[i]; c == 'n' || c == 't' || c == 'r' || c == 'f' {
				inWord = false
				continue
			}
			fallthrough
		default:
			if !inWord {
				n++
			}
			inWord = true
		}
	}
	return n
}
