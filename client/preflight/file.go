package preflight

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed-111a911e/messagebatches/internal/lines"
	"github.com/seed-111a911e/messagebatches/internal/sniff"
)

// headSize is how much of a file is read to detect its format.
const headSize = 64 << 10

// notRequests returns the issue of a file that does not have one request per line, or nil. It reads the head of the
// file; whole reports whether that is the whole file. Only what is certain is an issue of the file: everything else is
// left to the checks of its lines.
func notRequests(head []byte, whole bool) *Issue {
	text, format := sniff.Text(head)
	if format != "" {
		return fileIssue(0, "the file is %s%s", format, remedies()[format])
	}
	first, line := firstLine(text)
	if line == nil {
		return nil
	}
	value, keys, err := readValue(text[first:])
	inPieces := bytes.IndexByte(value, '\n') >= 0 // over several lines
	more := len(bytes.TrimSpace(text[first+len(line):])) > 0
	switch {
	case line[0] == '[' && (inPieces || !more):
		return fileIssue(1, "the file is a JSON array, not one request per line: convert it with messagebatches convert FILE, or jq -c '.[]' FILE")
	case line[0] == '{' && inPieces && (err == nil || !whole && errors.Is(err, io.ErrUnexpectedEOF)):
		if hasKeys(keys, "requests") {
			return fileIssue(1, "the file is the body of a create call, not one request per line: convert it with messagebatches convert FILE, or jq -c '.requests[]' FILE")
		}
		return fileIssue(1, "the file holds JSON over several lines, not one request per line: convert it with messagebatches convert FILE, or jq -c . FILE")
	case line[0] == '{' || line[0] == '[':
		return notRequestLines(text)
	}
	for _, f := range textFormats() {
		if f.begin.Match(line) {
			return fileIssue(1, "the file is %s, not one JSON object per line%s", f.name, f.remedy)
		}
	}
	return nil
}

func fileIssue(line int, format string, args ...any) *Issue {
	return &Issue{Index: -1, Line: line, Rule: File, Severity: Error, Message: fmt.Sprintf(format, args...)}
}

// remedies has a hint for each format that is not text.
var remedies = sync.OnceValue(func() map[string]string {
	return map[string]string{
		"text in UTF-16":     ": save it as UTF-8, or convert it with iconv -f UTF-16 -t UTF-8",
		"text in UTF-32":     ": save it as UTF-8, or convert it with iconv -f UTF-32 -t UTF-8",
		"a gzip file":        ": decompress it with gunzip",
		"a bzip2 file":       ": decompress it with bunzip2",
		"an XZ file":         ": decompress it with unxz",
		"a Zstandard file":   ": decompress it with unzstd",
		"a ZIP archive":      ", as XLSX files are: unzip it, or save the table as CSV and use messagebatches convert",
		"a 7-Zip archive":    ": unpack it",
		"a Parquet file":     ": export its rows as JSON Lines, one {\"custom_id\", \"params\"} per line",
		"an Avro file":       ": export its rows as JSON Lines, one {\"custom_id\", \"params\"} per line",
		"an Arrow file":      ": export its rows as JSON Lines, one {\"custom_id\", \"params\"} per line",
		"an SQLite database": ": export its rows as JSON Lines, one {\"custom_id\", \"params\"} per line",
	}
})

// textFormats are recognized by the first line that is not blank.
var textFormats = sync.OnceValue(func() []textFormat {
	return []textFormat{
		{regexp.MustCompile(`^version https://git-lfs\.github\.com/`), "a Git LFS pointer", ": get the file itself with git lfs pull"},
		{regexp.MustCompile("^```"), "Markdown", ": remove the lines that begin with ```"},
		{regexp.MustCompile(`^<[!?a-zA-Z]`), "HTML or XML", ": it may be an error page in place of a download"},
		{regexp.MustCompile(`^(data|event|id): ?[{a-z]`), "a stream of server-sent events", ""},
		{regexp.MustCompile(`^(---$|%YAML|- \w+:|\w+:( |$))`), "YAML", ": convert it to JSON Lines"},
		{regexp.MustCompile(`^("([^"]|"")*"|[\pL\pN_. -]+)([,;\t|]\s*("([^"]|"")*"|[\pL\pN_. -]*))+$`), "CSV", ": messagebatches convert makes requests from its rows and a template"},
	}
})

type textFormat struct {
	begin        *regexp.Regexp
	name, remedy string
}

// A lineFormat is recognized by the property names of a line's object.
type lineFormat struct {
	has, hasNot []string
	issue       string
}

var lineFormats = []lineFormat{
	{has: []string{"custom_id", "params"}}, // a request
	{[]string{"requests"}, []string{"custom_id"}, "the file is the body of a create call, not one request per line: convert it with messagebatches convert FILE, or jq -c '.requests[]' FILE"},
	{[]string{"custom_id", "result"}, nil, "the file holds the results of a batch, not its requests"},
	{[]string{"custom_id", "response"}, nil, "the file holds results of OpenAI's Batch API, not requests"},
	{[]string{"method", "url", "body"}, nil, `the lines are requests of OpenAI's Batch API: convert them with messagebatches convert FILE --model MODEL`},
	{[]string{"custom_id", "body"}, nil, `the lines have "body" in place of "params", as requests of OpenAI's Batch API: parameters differ, too; see the Messages API`},
	{[]string{"modelInput"}, nil, `the lines are requests of Amazon Bedrock: "recordId" is "custom_id" here, and "modelInput" is "params", without "anthropic_version" and with "model"`},
	{[]string{"modelOutput"}, nil, "the file holds results of Amazon Bedrock, not requests"},
	{[]string{"request"}, nil, `the lines are requests of Google's Vertex AI or Gemini: "request" is "params" here, without "anthropic_version" and with "model", and "custom_id" is required`},
	{[]string{"type", "processing_status"}, nil, "the file holds a batch as returned by the service, not its requests"},
	{[]string{"type", "error"}, nil, "the file holds an error response of the API, not requests"},
	{[]string{"role", "content"}, nil, `the lines are messages: a request is {"custom_id", "params"}, and "params" has the list "messages"`},
	{[]string{"custom_id", "messages"}, nil, `the parameters are beside "custom_id", not in "params": move them there with jq -c '{custom_id, params: del(.custom_id)}' FILE > requests.jsonl`},
	{[]string{"messages"}, nil, parametersAlone},
	{[]string{"model"}, nil, parametersAlone},
	{[]string{"prompt"}, nil, `the lines have "prompt": a request is {"custom_id", "params"}, and "params" has "model", "max_tokens" and the list "messages"`},
}

const parametersAlone = `the lines are parameters without the request around them: make requests of them with jq -c '{custom_id: "request-\(input_line_number)", params: .}' FILE > requests.jsonl`

// notRequestLines returns the issue of a file whose first lines all have the same other format, or nil.
func notRequestLines(text []byte) *Issue {
	const most = 5
	issue, at := "", 0
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if line = lines.Trim(line); len(line) == 0 || string(line) == "\ufeff" {
			continue
		}
		found := lineIssue(line)
		switch {
		case found == "" || issue != "" && issue != found:
			return nil
		case issue == "":
			issue, at = found, number
		}
		if number-at == most-1 {
			break
		}
	}
	if issue == "" {
		return nil
	}
	return fileIssue(at, "%s", issue)
}

// lineIssue returns the format of a line that is not a request, with a hint, or "". The line may be the beginning of a
// longer one.
func lineIssue(line []byte) string {
	line = bytes.TrimPrefix(line, []byte("\ufeff")) // left over where files were joined
	if line[0] == '[' {
		return "the lines are JSON arrays, not one request each: convert them with jq -c '.[]' FILE > requests.jsonl"
	}
	if bytes.HasPrefix(line, []byte("{'")) {
		return "the lines are in Python's notation, not JSON: write them with json.dumps"
	}
	value, keys, err := readValue(line)
	if err == nil {
		switch rest := line[len(value):]; {
		case string(rest) == ",":
			return "the lines end in a comma: remove it"
		case len(rest) > 0 && bytes.TrimLeft(rest, " \t\r,")[0:1][0] == '{':
			return "the lines hold several objects: put each on a line of its own with jq -c . FILE > requests.jsonl"
		}
	}
	for _, f := range lineFormats {
		if hasKeys(keys, f.has...) && !slices.ContainsFunc(f.hasNot, func(name string) bool { return hasKeys(keys, name) }) {
			return f.issue
		}
	}
	return ""
}

// firstLine returns the first line that is not blank, and its offset in the text.
func firstLine(text []byte) (at int, line []byte) {
	for line := range bytes.Lines(text) {
		if trimmed := lines.Trim(line); len(trimmed) > 0 {
			return at + bytes.Index(line, trimmed), trimmed
		}
		at += len(line)
	}
	return 0, nil
}

// readValue reads the JSON value at the beginning of text, and the names of its object, as far as the text contains
// them.
func readValue(text []byte) (value []byte, keys []string, err error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if d.PeekKind() != '{' {
		err = d.SkipValue()
		return text[:d.InputOffset()], nil, err
	}
	for _, err = d.ReadToken(); err == nil && d.PeekKind() != '}'; {
		var name jsontext.Token
		if name, err = d.ReadToken(); err == nil {
			if len(keys) < 100 {
				keys = append(keys, name.String())
			}
			err = d.SkipValue()
		}
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	if err != nil {
		return text, keys, err
	}
	return text[:d.InputOffset()], keys, nil
}

func hasKeys(keys []string, names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(keys, name) })
}

// explain adds the cause to the message about a line that is not one JSON object, if it is a common one.
func explain(line []byte, message string) string {
	if strings.HasSuffix(message, "invalid UTF-8") {
		return message + ": save the file as UTF-8"
	}
	value, _, err := readValue(line)
	var syntax *jsontext.SyntacticError
	if err == nil {
		rest := bytes.TrimLeft(line[len(value):], " \t\r")
		switch at := len(line) - len(rest); {
		case string(rest) == ",":
			return "the line ends in a comma: remove it"
		case len(rest) > 0 && rest[0] == '{':
			return fmt.Sprintf("the line holds several objects, the second begins at byte %d: put each on a line of its own", at)
		case len(rest) > 0:
			return fmt.Sprintf("%s, from byte %d", message, at)
		}
		return message
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return message + ": the line is cut off, or has a line break where \\n belongs"
	}
	if !errors.As(err, &syntax) {
		return message
	}
	at := line[min(int(syntax.ByteOffset), len(line)):]
	for _, f := range falseWords {
		if bytes.HasPrefix(at, []byte(f.word)) {
			return message + ": " + f.hint
		}
	}
	return message
}

// falseWords are tokens of other notations that are not JSON.
var falseWords = []struct{ word, hint string }{
	{"NaN", "JSON has no NaN, use null or leave it out"},
	{"nan", "JSON has no nan, use null or leave it out"},
	{"Infinity", "JSON has no Infinity"},
	{"-Infinity", "JSON has no Infinity"},
	{"None", "None is Python, JSON has null"},
	{"True", "True is Python, JSON has true"},
	{"False", "False is Python, JSON has false"},
	{"undefined", "JSON has no undefined, use null or leave it out"},
	{"'", "JSON has double quotation marks, not single ones"},
	{"//", "JSON has no comments"},
	{"/*", "JSON has no comments"},
	{"#", "JSON has no comments"},
	{"\ufeff", "a byte order mark in the middle, where files were joined: remove it"},
}
