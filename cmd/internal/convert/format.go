package convert

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// A Format is the format of a file.
type Format string

// The formats.
const (
	FormatTable    Format = "table"    // CSV or TSV, see [Rows]
	FormatOpenAI   Format = "openai"   // requests of OpenAI's Batch API, one per line, see [OpenAI]
	FormatJSON     Format = "json"     // a JSON array of requests, or the body of a create call, see [Array]
	FormatResults  Format = "results"  // results, one per line, see [Results]
	FormatRequests Format = "requests" // requests, one per line, which need no conversion
)

// Detect returns the format of a file from its beginning, of which 64 KB are enough. A file that does not begin like JSON is
// a table.
func Detect(head []byte) Format {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	switch {
	case bytes.HasPrefix(head, []byte("[")):
		return FormatJSON
	case !bytes.HasPrefix(head, []byte("{")):
		return FormatTable
	}
	names, oneLine := firstNames(head)
	has := func(name string) bool { return names[name] }
	switch {
	case has("requests") || !oneLine:
		return FormatJSON
	case has("result"):
		return FormatResults
	case has("body") || has("url") || has("method"):
		return FormatOpenAI
	}
	return FormatRequests
}

// firstNames returns the property names of the first object, as far as head has them, and whether it is on one line.
func firstNames(head []byte) (names map[string]bool, oneLine bool) {
	names = make(map[string]bool)
	d := jsontext.NewDecoder(bytes.NewReader(head), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() == '"' {
		var name jsontext.Token
		if name, err = d.ReadToken(); err == nil {
			names[name.String()] = true
			err = d.SkipValue()
		}
	}
	end := int(d.InputOffset())
	if errors.Is(err, io.ErrUnexpectedEOF) {
		end = len(head)
	}
	return names, bytes.IndexByte(head[:min(end, len(head))], '\n') < 0
}
