package price

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client"
)

// The overhead of requests beside their texts, in tokens.
const (
	ofRequest = 8
	ofMessage = 4
	ofTools   = 346 // the instructions for tools that the service adds
)

// The range of the tokens of text, in percent of the estimate.
const (
	leastText = 75
	mostText  = 130
)

// The uses of a server tool by a request.
const (
	expectedUses = 1
	mostUses     = 10 // if max_uses is not set
)

// A Measure is the size of a request, in tokens of its model.
type Measure struct {
	// Model, MaxTokens and InferenceGeo are the parameters of these names.
	Model        client.Model
	MaxTokens    int64
	InferenceGeo string

	// Prompt is the number of tokens that the model reads.
	Prompt Range

	// Breakpoints are the positions up to which the prompt is cached, in order. Prefixes with too few tokens are omitted.
	Breakpoints []Breakpoint

	// ServerTools is the number of uses of each server tool, by the names in usage.server_tool_use.
	ServerTools map[string]Range

	// Unknown is the number of images and documents whose size is unknown, because they are not in the request or cannot be
	// read.
	Unknown int64
}

// A Breakpoint is a position up to which a prompt is cached.
type Breakpoint struct {
	// Prefix is the number of tokens before the breakpoint.
	Prefix Range

	// Hash identifies the prefix and the model. It is only comparable with hashes of the same [Meter].
	Hash uint64

	// OneHour reports whether the prefix is cached for an hour, and not for 5 minutes.
	OneHour bool
}

// A Meter measures requests. It is not safe for concurrent use.
type Meter struct {
	models func(client.Model) (Model, bool)
	seed   maphash.Seed
}

// NewMeter returns a Meter for the models of a table, as of a day.
func NewMeter(t *Table, day time.Time) *Meter {
	type found struct {
		Model
		ok bool
	}
	known := make(map[client.Model]found)
	return &Meter{seed: maphash.MakeSeed(), models: func(name client.Model) (Model, bool) {
		m, ok := known[name]
		if !ok {
			m.Model, m.ok = t.Lookup(name, day)
			known[name] = m
		}
		return m.Model, m.ok
	}}
}

// A measuring is a measurement in progress.
type measuring struct {
	cursor
	m      *Measure
	model  Model
	text   int64 // in hundredths of tokens, with the tokenizer of models until Claude 4.6
	other  Range // tokens that are not text
	caches bool
	sum    maphash.Hash
	breaks []Breakpoint
}

// Line measures a request: a JSON object with params.
func (p *Meter) Line(line []byte) (*Measure, error) {
	var params []byte
	c := cursor{b: line}
	c.object(func(name []byte) {
		if v := c.raw(); string(name) == "params" {
			params = v
		}
	})
	if c.bad || len(params) == 0 || params[0] != '{' {
		return nil, errMalformed
	}
	return p.params(params)
}

func (p *Meter) params(params []byte) (*Measure, error) {
	m := new(Measure)
	var tools, system, messages, automatic, extra []byte
	c := cursor{b: params}
	c.object(func(name []byte) {
		v := c.raw()
		switch string(name) {
		case "model":
			m.Model = client.Model(unquote(v))
		case "max_tokens":
			m.MaxTokens, _ = strconv.ParseInt(string(v), 10, 64)
		case "inference_geo":
			m.InferenceGeo = unquote(v)
		case "tools":
			tools = v
		case "system":
			system = v
		case "messages":
			messages = v
		case "cache_control":
			automatic = v
		case "output_config", "output_format":
			extra = v
		}
	})
	if c.bad {
		return nil, errMalformed
	}
	w := measuring{m: m, caches: bytes.Contains(params, []byte(`_control"`))}
	w.model, _ = p.models(m.Model)
	w.sum.SetSeed(p.seed)
	w.read([]byte(m.Model))
	w.other = Range{ofRequest, ofRequest, ofRequest}
	w.text += weigh(extra)
	for _, section := range []struct {
		raw  []byte
		read func()
	}{{tools, w.tools}, {system, w.content}, {messages, w.messages}} {
		if len(section.raw) == 0 || section.raw[0] == 'n' {
			continue
		}
		w.cursor = cursor{b: section.raw}
		if section.read(); w.bad {
			return nil, errMalformed
		}
	}
	if len(automatic) > 0 && automatic[0] == '{' {
		w.mark(automatic)
	}
	m.Prompt = w.tokens()
	m.Breakpoints = w.breaks
	return m, nil
}

func unquote(v []byte) string {
	s, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return ""
	}
	return string(s)
}

// tokens returns the tokens that were measured so far.
func (w *measuring) tokens() Range {
	text := w.model.scale(w.text) // in hundredths
	return Range{text * leastText / 100_00, text / 100, text * mostText / 100_00}.plus(w.other)
}

// read adds text to the hash of the prefix.
func (w *measuring) read(raw []byte) {
	if w.caches {
		var length [8]byte
		binary.LittleEndian.PutUint64(length[:], uint64(len(raw)))
		_, _ = w.sum.Write(length[:])
		_, _ = w.sum.Write(raw)
	}
}

// mark adds a breakpoint.
func (w *measuring) mark(cacheControl []byte) {
	least := w.model.CacheMinimum
	if least == 0 {
		least = unknownMinimum
	}
	if t := w.tokens(); t.Expected >= least {
		w.breaks = append(w.breaks, Breakpoint{t, w.sum.Sum64(), bytes.Contains(cacheControl, []byte(`"1h"`))})
	}
}

// unknownMinimum is the largest minimum of any model for caching a prefix, in tokens.
const unknownMinimum = 4096

func (w *measuring) tools() {
	w.other = w.other.plus(Range{ofTools, ofTools, ofTools})
	w.array(func() {
		var kind, uses, cached []byte
		w.object(func(name []byte) {
			v := w.raw()
			switch string(name) {
			case "cache_control":
				cached = v
				return
			case "type":
				kind = inner(v)
			case "max_uses":
				uses = v
			}
			w.text += weigh(name) + weigh(v)
			w.read(v)
		})
		for prefix, use := range map[string]string{"web_search_": "web_search_requests", "web_fetch_": "web_fetch_requests"} {
			if !bytes.HasPrefix(kind, []byte(prefix)) {
				continue
			}
			most, err := strconv.ParseInt(string(uses), 10, 64)
			if err != nil {
				most = mostUses
			}
			if w.m.ServerTools == nil {
				w.m.ServerTools = make(map[string]Range)
			}
			w.m.ServerTools[use] = w.m.ServerTools[use].plus(Range{0, min(expectedUses, most), most})
		}
		if len(cached) > 0 && cached[0] == '{' {
			w.mark(cached)
		}
	})
}

func (w *measuring) messages() {
	w.array(func() {
		w.other = w.other.plus(Range{ofMessage, ofMessage, ofMessage})
		w.object(func(name []byte) {
			switch string(name) {
			case "content":
				w.content()
			default:
				w.read(w.raw())
			}
		})
	})
}

// content measures a text or a list of blocks.
func (w *measuring) content() {
	if w.next() != '[' {
		w.plain(w.raw())
		return
	}
	w.array(w.block)
}

func (w *measuring) plain(raw []byte) {
	w.read(raw)
	if text := inner(raw); text != nil {
		w.text += weigh(text)
	} else {
		w.text += weigh(raw)
	}
}

// block measures a block of a message or of the system prompt.
func (w *measuring) block() {
	if w.next() != '{' {
		w.plain(w.raw())
		return
	}
	var kind, source, cached []byte
	w.object(func(name []byte) {
		switch string(name) {
		case "type":
			v := w.raw()
			w.read(v)
			kind = inner(v)
		case "source":
			source = w.raw()
			w.read(source)
		case "cache_control": // moving it does not change what is cached
			cached = w.raw()
		case "id", "tool_use_id", "signature", "citations", "data", "is_error", "caller":
			w.read(w.raw())
		case "content": // of a tool result
			w.content()
		default:
			w.plain(w.raw())
		}
	})
	switch {
	case w.bad:
	case string(kind) == "container_upload":
		w.m.Unknown++
		w.other = w.other.plus(w.model.unknownDocument())
	case len(source) > 0 && source[0] == '{':
		w.source(string(kind) == "image", source)
	case len(source) > 0: // of a search result
		w.text += weigh(source)
	}
	if len(cached) > 0 && cached[0] == '{' {
		w.mark(cached)
	}
}

// source measures the source of an image or a document.
func (w *measuring) source(image bool, raw []byte) {
	var form, media, data, content []byte
	c := cursor{b: raw}
	c.object(func(name []byte) {
		v := c.raw()
		switch string(name) {
		case "type":
			form = inner(v)
		case "media_type":
			media = inner(v)
		case "data":
			data = inner(v)
		case "content":
			content = v
		}
	})
	switch {
	case c.bad:
		w.fail()
	case content != nil:
		before := w.cursor
		w.cursor = cursor{b: content}
		caches := w.caches
		w.caches = false // it was already read
		w.content()
		bad := w.bad
		w.cursor, w.caches = before, caches
		w.bad = w.bad || bad
	case string(form) == "text":
		w.text += weigh(data)
	case image && string(form) == "base64":
		width, height, ok := pixels(data)
		if !ok {
			w.unknown(w.model.unknownImage())
			return
		}
		n := w.model.imageTokens(width, height)
		w.other = w.other.plus(Range{n, n, n})
	case image:
		w.unknown(w.model.unknownImage())
	case string(form) == "base64" && (len(media) == 0 || string(media) == "application/pdf"):
		w.other = w.other.plus(w.model.pdfTokens(pages(data)))
	case string(form) == "base64":
		w.text += weigh(decode(data, len(data)))
	default:
		w.unknown(w.model.unknownDocument())
	}
}

func (w *measuring) unknown(r Range) {
	w.m.Unknown++
	w.other = w.other.plus(r)
}
