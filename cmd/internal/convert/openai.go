package convert

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/preflight"
)

// OpenAIOptions configure the conversion of requests of OpenAI's Batch API.
type OpenAIOptions struct {
	// Models maps model names in the input to models to use; the empty name stands for all others. Names that begin with
	// claude need no entry.
	Models map[string]string

	// MaxTokens is the max_tokens of requests that set none, because the parameter is required here.
	MaxTokens int64
}

// DefaultMaxTokens is the default of commands for [OpenAIOptions.MaxTokens].
const DefaultMaxTokens = 4096

// OpenAI converts lines of OpenAI's Batch API, {"custom_id", "method", "url", "body"} for /v1/chat/completions, to requests.
// System and developer messages, tools, tool calls and their results, JSON schemas, images and PDFs are converted. A part
// without a counterpart becomes a note: the line is refused if its answer could not be what was asked for, and otherwise
// converted without that part. After an error the output is incomplete.
func OpenAI(w io.Writer, r io.Reader, o OpenAIOptions, n *Notes) (s Summary, err error) {
	in, out, seen, known := newLineReader(r), bufio.NewWriterSize(w, 1<<16), newIDs(), make(misfits)
	for {
		line, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return s, errors.Join(err, out.Flush())
		}
		s.Read++
		l := &openAILine{options: &o, notes: n, misfits: known, line: in.number}
		request := l.convert(line, seen)
		if n.err != nil {
			return s, errors.Join(n.err, out.Flush())
		}
		if l.refused {
			continue
		}
		s.Written++
		_, _ = out.Write(request) // Flush returns the error
		if err := out.WriteByte('\n'); err != nil {
			return s, err
		}
	}
	return s, out.Flush()
}

// An openAILine converts one line.
type openAILine struct {
	options *OpenAIOptions
	notes   *Notes
	misfits misfits
	line    int
	id      string
	params  client.Params
	refused bool

	parallel bool // parallel_tool_calls is false, which becomes part of the tool choice
}

func (l *openAILine) note(kind Kind, place, message, detail string) {
	l.notes.add(Note{Line: l.line, ID: l.id, Kind: kind, Place: place, Message: message, Detail: detail})
}

func (l *openAILine) drop(place, message string)   { l.note(Dropped, place, message, "") }
func (l *openAILine) change(place, message string) { l.note(Changed, place, message, "") }

// refuse adds a note that the line is not converted.
func (l *openAILine) refuse(place, message string) {
	l.refused = true
	l.note(Refused, place, message, "")
}

// others adds notes for unknown properties, unless they are null.
func (l *openAILine) others(place string, list []member, known ...string) {
	for _, m := range list {
		if m.value.Kind() != 'n' && !slices.Contains(known, m.name) {
			l.drop(place+"."+m.name, "it has no counterpart")
		}
	}
}

// object returns the properties of an object. It refuses the line for any other value.
func (l *openAILine) object(place string, v jsontext.Value) []member {
	list, err := members(v)
	if err != nil {
		l.refuse(place, "not an object")
	}
	return list
}

// string returns a string. It refuses the line for any other value.
func (l *openAILine) string(place string, v jsontext.Value) string {
	s, ok := text(v)
	if !ok {
		l.refuse(place, "not a string")
	}
	return s
}

// convert returns the request of a line.
func (l *openAILine) convert(line []byte, seen *ids) []byte {
	if err := oneValue(line); err != nil {
		l.refuse("", "not JSON: "+syntaxOf(err))
		return nil
	}
	list := l.object("", line)
	if l.refused {
		return nil
	}
	if id := l.string("custom_id", get(list, "custom_id")); !l.refused {
		err := checkID(id)
		if l.id = id; err == nil {
			err = seen.check(id, l.line)
		}
		if err != nil {
			l.refused = true
			l.notes.add(noteOf(err, Refused, l.line, "", "custom_id"))
		}
	}
	if method, _ := text(get(list, "method")); method != "POST" && get(list, "method") != nil {
		l.refuse("method", "not POST")
	}
	switch url, _ := text(get(list, "url")); url {
	case "/v1/chat/completions", "/chat/completions", "https://api.openai.com/v1/chat/completions":
	case "/v1/embeddings", "/v1/moderations", "/v1/images/generations", "/v1/images/edits":
		l.refuse("url", "there is no counterpart of "+url)
	case "/v1/responses", "/v1/completions":
		l.refuse("url", url+" is not converted, only /v1/chat/completions is")
	default:
		l.refuse("url", "not /v1/chat/completions")
	}
	l.others("", list, "custom_id", "method", "url", "body")
	if body := l.object("body", get(list, "body")); body != nil {
		l.body(body)
	}
	if l.refused {
		return nil
	}
	l.fitModel()
	request := client.Request{CustomID: l.id, Params: l.params}
	data, err := request.AppendJSON(nil)
	if err == nil && len(data) > preflight.MaxLine {
		err = fmt.Errorf("the request is larger than %d MB, which no batch can hold", preflight.MaxLine>>20)
	}
	if err != nil {
		l.refuse("", err.Error())
	}
	return data
}

// syntaxOf returns the cause of a syntax error.
func syntaxOf(err error) string {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it is truncated"
	case errors.As(err, &syntax) && syntax.Err != nil:
		return syntax.Err.Error()
	}
	return err.Error()
}

// fitModel omits parameters that the model is known to refuse, whatever their value.
func (l *openAILine) fitModel() {
	p := &l.params
	var effort client.Effort
	if p.OutputConfig != nil {
		effort = p.OutputConfig.Effort
	}
	if p.Temperature == nil && p.TopP == nil && effort == "" {
		return
	}
	for _, place := range l.misfits.of(p.Model, p.Temperature, p.TopP, effort) {
		switch place {
		case "/temperature":
			p.Temperature = nil
		case "/top_p":
			p.TopP = nil
		default:
			p.OutputConfig.Effort = ""
			if p.OutputConfig.Format == nil {
				p.OutputConfig = nil
			}
			place = "/reasoning_effort"
		}
		l.drop("body."+place[1:], "omitted: "+string(p.Model)+" does not accept it")
	}
}

// misfits caches the parameters that models refuse. The key is the JSON of the parameters that decide this.
type misfits map[string][]string

func (m misfits) of(model client.Model, temperature, topP *float64, effort client.Effort) []string {
	p := client.Params{Model: model, MaxTokens: 1, Messages: []client.InputMessage{client.UserText("x")}, Temperature: temperature, TopP: topP}
	if effort != "" {
		p.OutputConfig = &client.OutputConfig{Effort: effort}
	}
	data, err := p.AppendJSON(nil)
	if err != nil {
		return nil // the check of the request reports it
	}
	places, ok := m[string(data)]
	if ok {
		return places
	}
	for _, issue := range preflight.CheckParams(data, preflight.Options{}) {
		if issue.Severity != preflight.Error || issue.Rule != preflight.RefusedByModel {
			continue
		}
		switch place := string(issue.Pointer); place {
		case "/temperature", "/top_p", "/output_config/effort":
			places = append(places, place)
		}
	}
	if len(m) < 1000 {
		m[string(data)] = places
	}
	return places
}
