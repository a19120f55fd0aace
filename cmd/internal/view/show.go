package view

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/cmd/internal/view/index"
	"github.com/seed-111a911e/messagebatches/gen"
	"github.com/seed-111a911e/messagebatches/jobs/price"
)

// Limits for what is sent of a long result unless all of it is requested, in bytes.
const (
	mostText  = 64 << 10 // of one block
	mostTexts = 512 << 10
	mostImage = 3 << 20 // of all images
	mostIntro = 200     // of the text in a list
	mostBlock = 2000    // blocks
	mostTitle = 500     // of ids, titles and other names
)

// A Row is a result in a list.
type Row struct {
	Row     int    `json:"row"`               // from 0
	Line    int64  `json:"line"`              // its number, from 1
	ID      string `json:"id"`                // the custom id
	Outcome string `json:"outcome"`           // such as succeeded
	Stop    string `json:"stop,omitempty"`    // stop reason
	Model   string `json:"model,omitempty"`   // of the response
	Error   string `json:"error,omitempty"`   // type of the error
	Input   int64  `json:"input"`             // tokens, those in the cache included
	Output  int64  `json:"output"`            // tokens
	Cost    string `json:"cost"`              // a decimal number
	Text    string `json:"text,omitempty"`    // its beginning, or the text around the hit
	Differs string `json:"differs,omitempty"` // difference from the other result: answer, outcome or missing
}

// row returns a row of the results for the list, with the beginning of its text unless the line is very long.
func (f *Files) row(row int) (Row, error) {
	r, err := f.results.At(row)
	if err != nil {
		return Row{}, err
	}
	out := f.summary(row, r)
	if r.Long || r.Length > 1<<20 {
		out.ID, out.Text = "", "a line of "+cli.Bytes(r.Length)
		if !r.Long {
			out.ID, err = f.id(r)
		}
		return out, err
	}
	item, err := item(f.results, row)
	if err != nil {
		return Row{}, err
	}
	out.ID, out.Text = cut(item.CustomID, mostTitle), intro(item)
	return out, nil
}

func (f *Files) summary(row int, r index.Record) Row {
	x := f.results
	out := Row{
		Row: row, Line: r.Line, Outcome: x.Name(r.Outcome), Stop: x.Name(r.Stop), Model: x.Name(r.Model), Error: x.Name(r.Error),
		Input: r.Input, Output: r.Output, Cost: r.Cost.String(),
	}
	if f.differs != nil {
		switch d := f.differs[row]; {
		case d&differsMissing != 0:
			out.Differs = "missing"
		case d&differsOutcome != 0:
			out.Differs = "outcome"
		case d&differsAnswer != 0:
			out.Differs = "answer"
		}
	}
	return out
}

// id returns the custom ID of a long line.
func (f *Files) id(r index.Record) (string, error) {
	line, err := f.results.Line(r)
	if err != nil {
		return "", err
	}
	i := client.ParseItem(line, 0)
	return cut(i.CustomID, mostTitle), nil
}

// intro returns the beginning of the text of a result.
func intro(item *client.Item) string {
	for _, s := range texts(item) {
		if s = strings.Join(strings.Fields(cut(s, 4*mostIntro)), " "); s != "" {
			return cut(s, mostIntro)
		}
	}
	return ""
}

// texts returns all texts of a result.
func texts(item *client.Item) []string {
	var all []string
	if message := failure(item); message != "" {
		all = append(all, message)
	}
	for _, b := range responseBlocks(item.Message()) {
		if b.Kind == "text" {
			all = append(all, b.Text)
		}
	}
	for _, b := range responseBlocks(item.Message()) {
		if b.Kind != "text" {
			all = append(all, b.Title, b.Text)
		}
	}
	return all
}

// failure returns the error message of a result, or "".
func failure(item *client.Item) string {
	if item.Malformed != nil {
		return item.Malformed.Error()
	}
	if r, ok := item.Result.(*gen.BetaMessageBatchErroredResult); ok && r.Error.Error != nil {
		var api *client.APIError
		if errors.As(item.Err(), &api) {
			return api.Message
		}
	}
	return ""
}

// cut truncates a text to a number of bytes, at a character boundary.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

// A Response is a result as the page shows it.
type Response struct {
	Row               // as in the list
	Bytes     int64   `json:"bytes"`               // of the line
	Damage    string  `json:"damage,omitempty"`    // fault of the line
	Message   string  `json:"message,omitempty"`   // of the error
	RequestID string  `json:"requestId,omitempty"` // of the error
	Priced    bool    `json:"priced"`              // Cost is complete
	Tokens    []Count `json:"tokens,omitempty"`    // by kind
	Blocks    []Block `json:"blocks"`              // of the message
	Cut       bool    `json:"cut,omitempty"`       // something is omitted
	Raw       string  `json:"raw,omitempty"`       // text of a damaged line
}

// A Count is a number of something.
type Count struct {
	Name string `json:"name"` // what is counted
	N    int64  `json:"n"`    // how many
}

// A Prompt is a request as the page shows it.
type Prompt struct {
	ID       string  `json:"id"`            // the custom id
	Line     int64   `json:"line"`          // its number in the file of requests, from 1
	Settings string  `json:"settings"`      // the parameters that are not shown as blocks, as JSON
	Blocks   []Block `json:"blocks"`        // of the messages, the system prompt and the tools
	Cut      bool    `json:"cut,omitempty"` // something is omitted
}

// A Detail is everything known about a request.
type Detail struct {
	Response Response  `json:"response"`           // the result
	Prompt   *Prompt   `json:"prompt,omitempty"`   // its request
	Other    *Response `json:"other,omitempty"`    // the other result
	Problems []string  `json:"problems,omitempty"` // of the other files
}

// detail returns everything about a row. Long texts are truncated unless whole is set.
func (f *Files) detail(row int, whole bool) (*Detail, error) {
	r, err := f.results.At(row)
	if err != nil {
		return nil, err
	}
	d := &Detail{}
	if d.Response, err = f.response(f.results, row, whole); err != nil {
		return nil, err
	}
	d.Response.Row = withText(f.summary(row, r), d.Response.ID)
	request, _, err := f.request(row)
	if err != nil {
		d.Problems = append(d.Problems, "the request: "+err.Error())
	}
	if request != nil {
		at, err := f.requests.At(int(f.requestOf[row]))
		if err != nil {
			return nil, err
		}
		d.Prompt = &Prompt{ID: cut(request.CustomID, mostTitle), Line: at.Line, Settings: settings(&request.Params), Blocks: requestBlocks(&request.Params)}
		d.Prompt.Cut = bound(&d.Prompt.Blocks, whole)
	}
	if f.otherOf != nil && f.otherOf[row] != none {
		other, err := f.response(f.other, int(f.otherOf[row]), whole)
		if err != nil {
			d.Problems = append(d.Problems, "the other result: "+err.Error())
		} else {
			d.Other = &other
		}
	}
	return d, nil
}

func withText(r Row, id string) Row {
	r.ID = id
	return r
}

// response returns a row of a results file as the page shows it.
func (f *Files) response(x *index.Index, row int, whole bool) (Response, error) {
	rec, err := x.At(row)
	if err != nil {
		return Response{}, err
	}
	r := Response{Bytes: rec.Length, Priced: rec.Priced, Row: Row{
		Row: row, Line: rec.Line, Outcome: x.Name(rec.Outcome), Stop: x.Name(rec.Stop), Model: x.Name(rec.Model), Error: x.Name(rec.Error),
		Input: rec.Input, Output: rec.Output, Cost: rec.Cost.String(),
	}}
	if rec.Long {
		r.Damage = "longer than " + cli.Bytes(index.MaxLine) + ", the maximum for a line of results"
		return r, nil
	}
	item, err := item(x, row)
	if err != nil {
		return Response{}, err
	}
	r.ID = cut(item.CustomID, mostTitle)
	if item.Malformed != nil {
		r.Damage = item.Malformed.Error()
		most := mostText
		if whole {
			most = index.MaxLine
		}
		r.Raw, r.Cut = cut(string(item.Raw), most), len(item.Raw) > most
	} else {
		r.Message = failure(item)
		if !whole && len(r.Message) > mostText {
			r.Message, r.Cut = cut(r.Message, mostText), true
		}
	}
	if e, ok := item.Result.(*gen.BetaMessageBatchErroredResult); ok {
		r.RequestID = cut(e.Error.RequestID, mostTitle)
	}
	r.Tokens = tokens(f.table, item)
	r.Blocks = responseBlocks(item.Message())
	if bound(&r.Blocks, whole) {
		r.Cut = true
	}
	return r, nil
}

// tokens returns the tokens of a result by kind, without kinds that are 0.
func tokens(table *price.Table, item *client.Item) []Count {
	var used price.Usage
	used.Add(table, time.Now(), item) // the day only matters for prices
	t := used.Tokens()
	all := []Count{
		{"input", t.Input}, {"cache read", t.CacheRead}, {"cache write, 5 minutes", t.CacheWrite5m}, {"cache write, 1 hour", t.CacheWrite1h},
		{"output", t.Output}, {"of which thinking", t.Thinking},
	}
	for name, n := range used.ServerTools {
		all = append(all, Count{name, n})
	}
	kept := all[:0]
	for _, c := range all {
		if c.N > 0 {
			kept = append(kept, c)
		}
	}
	return kept
}

// settings returns the parameters that are not shown as blocks.
func settings(p *client.Params) string {
	b, err := json.Marshal(p)
	if err != nil {
		return ""
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(b, &all) != nil {
		return ""
	}
	for _, name := range []string{"messages", "system", "tools"} {
		delete(all, name)
	}
	if b, err = json.Marshal(all); err != nil {
		return ""
	}
	return cut(pretty(b), mostText)
}

// bound truncates long blocks, and reports whether it did. Titles are truncated in any case.
func bound(blocks *[]Block, whole bool) (short bool) {
	for i := range *blocks {
		(*blocks)[i].Title = cut((*blocks)[i].Title, mostTitle)
	}
	if whole {
		return false
	}
	if len(*blocks) > mostBlock {
		*blocks, short = (*blocks)[:mostBlock], true
	}
	textLeft, imageLeft := mostTexts, mostImage
	for i := range *blocks {
		b := &(*blocks)[i]
		if most := min(mostText, textLeft); len(b.Text) > most {
			b.Bytes, b.Text, short = len(b.Text), cut(b.Text, most), true
		}
		textLeft -= len(b.Text)
		if len(b.Image) > imageLeft {
			b.Bytes, b.Image, short = len(b.Image), "", true
		}
		imageLeft -= len(b.Image)
		if len(b.Citations) > 100 {
			b.Citations, short = b.Citations[:100], true
		}
		for j := range b.Citations {
			c := &b.Citations[j]
			for _, s := range []*string{&c.Source, &c.Place, &c.Text} {
				if len(*s) > 4*mostTitle {
					*s, short = cut(*s, 4*mostTitle), true
				}
			}
		}
	}
	return short
}
