package preflight_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/internal/memtest"
)

// indented returns JSON spread over several lines.
func indented(t *testing.T, text string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// inUTF16 returns text in little-endian UTF-16.
func inUTF16(text string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// zipped compresses text.
func zipped(t *testing.T, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const openAI = `{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o","messages":[{"role":"user","content":"Hi"}]}}`

// TestFiles checks files that do not have one request per line: each has one issue, whatever its length.
func TestFiles(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 200_000)
	body := `{"requests":[` + good("a") + "," + good("b") + `]}`
	for name, tt := range map[string]struct{ file, want string }{
		"encoding/UTF-16":            {"\xff\xfe" + inUTF16(good("a")), "the file is text in UTF-16: save it as UTF-8, or convert it with iconv -f UTF-16 -t UTF-8"},
		"encoding/UTF-16, no mark":   {inUTF16(good("a")), "the file is text in UTF-16"},
		"packed/gzip":                {zipped(t, good("a")), "the file is a gzip file: decompress it with gunzip"},
		"packed/ZIP":                 {"PK\x03\x04\x14\x00\x06\x00", "the file is a ZIP archive, as XLSX files are: unzip it"},
		"packed/Parquet":             {"PAR1\x15\x04\x15\x10", "the file is a Parquet file: export its rows as JSON Lines"},
		"packed/PDF":                 {"%PDF-1.7", "the file is a PDF"},
		"packed/unknown":             {"\x01\x02\x00\x03", "the file is binary data"},
		"array/one line":             {"[" + good("a") + "," + good("b") + "]", "the file is a JSON array, not one request per line: convert it with messagebatches convert FILE, or jq -c '.[]' FILE"},
		"array/a line each":          {"[\n" + good("a") + ",\n" + good("b") + "\n]\n", "the file is a JSON array"},
		"array/on the first line":    {"[" + good("a") + ",\n" + good("b") + "]", "the file is a JSON array"},
		"array/long":                 {"[" + strings.Replace(good("a"), "Hi", long, 1) + "]", "the file is a JSON array"},
		"array/empty":                {"[]", "the file is a JSON array"},
		"body/one line":              {body, "the file is the body of a create call, not one request per line: convert it with messagebatches convert FILE, or jq -c '.requests[]' FILE"},
		"body/indented":              {indented(t, body), "the file is the body of a create call"},
		"body/long":                  {strings.Replace(body, "Hi", long, 1), "the file is the body of a create call"},
		"body/mark":                  {"\ufeff" + body, "the file is the body of a create call"},
		"indented/one":               {indented(t, good("a")), "the file holds JSON over several lines, not one request per line: convert it with messagebatches convert FILE, or jq -c . FILE"},
		"indented/many":              {indented(t, good("a")) + "\n" + indented(t, good("b")), "the file holds JSON over several lines"},
		"indented/CRLF":              {strings.ReplaceAll(indented(t, good("a")), "\n", "\r\n"), "the file holds JSON over several lines"},
		"indented/long":              {indented(t, strings.Replace(good("a"), "Hi", long, 1)), "the file holds JSON over several lines"},
		"line/two objects":           {good("a") + good("b") + "\n" + good("c") + " " + good("d"), "the lines hold several objects: put each on a line of its own with jq -c . FILE > requests.jsonl"},
		"line/commas":                {good("a") + ",\n" + good("b") + ",\n", "the lines end in a comma: remove it"},
		"line/objects with commas":   {good("a") + "," + good("b") + "\n", "the lines hold several objects"},
		"line/old line breaks":       {good("a") + "\r" + good("b") + "\r", "the lines hold several objects"},
		"line/Python":                {"{'custom_id': 'a', 'params': {}}\n", "the lines are in Python's notation, not JSON: write them with json.dumps"},
		"other/OpenAI":               {openAI + "\n" + openAI, `the lines are requests of OpenAI's Batch API: convert them with messagebatches convert FILE --model MODEL`},
		"other/OpenAI, long":         {strings.Replace(openAI, "Hi", long, 1), `the lines are requests of OpenAI's Batch API`},
		"other/OpenAI, results":      {`{"id":"batch_req_1","custom_id":"a","response":{"status_code":200},"error":null}`, "the file holds results of OpenAI's Batch API, not requests"},
		"other/Bedrock":              {`{"recordId":"1","modelInput":{"anthropic_version":"bedrock-2023-05-31","messages":[]}}`, `the lines are requests of Amazon Bedrock: "recordId" is "custom_id" here`},
		"other/Bedrock, results":     {`{"recordId":"1","modelOutput":{}}`, "the file holds results of Amazon Bedrock"},
		"other/Vertex":               {`{"custom_id":"a","request":{"anthropic_version":"vertex-2023-10-16","messages":[]}}`, `the lines are requests of Google's Vertex AI or Gemini: "request" is "params" here`},
		"other/Gemini":               {`{"key":"a","request":{"contents":[]}}`, `the lines are requests of Google's Vertex AI or Gemini`},
		"other/results":              {`{"custom_id":"a","result":{"type":"succeeded","message":{}}}` + "\n" + `{"custom_id":"b","result":{"type":"expired"}}`, "the file holds the results of a batch, not its requests"},
		"other/a batch":              {`{"id":"msgbatch_1","type":"message_batch","processing_status":"ended"}`, "the file holds a batch as returned by the service"},
		"other/an error":             {`{"type":"error","error":{"type":"not_found_error","message":"Not found"}}`, "the file holds an error response of the API"},
		"other/parameters":           {`{"model":"claude-opus-5","max_tokens":1,"messages":[]}`, `the lines are parameters without the request around them: make requests of them with jq -c '{custom_id: "request-\(input_line_number)", params: .}'`},
		"other/parameters beside":    {`{"custom_id":"a","model":"claude-opus-5","max_tokens":1,"messages":[]}`, `the parameters are beside "custom_id", not in "params": move them there with jq -c '{custom_id, params: del(.custom_id)}'`},
		"other/conversations":        {`{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}]}`, "the lines are parameters without the request around them"},
		"other/messages":             {`{"role":"user","content":"Hi"}` + "\n" + `{"role":"assistant","content":"Ho"}`, "the lines are messages"},
		"other/prompts":              {`{"prompt":"Hi","completion":"Ho"}`, `the lines have "prompt"`},
		"text/CSV":                   {"custom_id,prompt\na,Hi\n", `the file is CSV, not one JSON object per line: messagebatches convert makes requests from its rows and a template`},
		"text/CSV, quoted":           {`"custom_id","the ""prompt"""` + "\n" + `"a","Hi"`, "the file is CSV"},
		"text/semicolons":            {"\ufeffcustom_id;prompt\r\na;Hi\r\n", "the file is CSV"},
		"text/tabs":                  {"custom_id\tprompt\na\tHi\n", "the file is CSV"},
		"text/YAML":                  {"- custom_id: a\n  params:\n", "the file is YAML, not one JSON object per line: convert it to JSON Lines"},
		"text/YAML, requests":        {"requests:\n  - custom_id: a\n", "the file is YAML"},
		"text/HTML":                  {"<!DOCTYPE html>\n<html>", "the file is HTML or XML, not one JSON object per line: it may be an error page in place of a download"},
		"text/fence":                 {"```json\n" + good("a") + "\n```\n", "the file is Markdown, not one JSON object per line: remove the lines that begin with ```"},
		"text/LFS":                   {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "the file is a Git LFS pointer, not one JSON object per line: get the file itself with git lfs pull"},
		"text/blank lines before it": {"\n \n\ncustom_id,prompt\n", "the file is CSV"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for reader, r := range map[string]io.Reader{
				"whole":  strings.NewReader(tt.file),
				"pieces": iotest.HalfReader(strings.NewReader(tt.file)),
				"longer": io.MultiReader(strings.NewReader(tt.file), strings.NewReader("\n"+tt.file), strings.NewReader("\n"+tt.file)),
			} {
				report, err := preflight.CheckLines(r, preflight.Options{})
				if err != nil || len(report.Issues) != 1 || report.More != nil || report.Requests != 0 || report.Bytes != 0 {
					t.Fatalf("%s: %d issues, %v, %d requests\n%.2000v", reader, len(report.Issues), err, report.Requests, report.Issues)
				}
				i := report.Issues[0]
				if i.Rule != preflight.File || i.Severity != preflight.Error || i.Index != -1 || i.Pointer != "" || reader != "longer" && !strings.HasPrefix(i.Message, tt.want) {
					t.Errorf("%s: got %+v\nwant %s", reader, i, tt.want)
				}
			}
			report, err := preflight.CheckLines(strings.NewReader(tt.file), preflight.Options{Disable: []preflight.Rule{preflight.File}})
			if err != nil || report.Count(preflight.Error) == 0 || report.Issues[0].Rule == preflight.File {
				t.Errorf("without the rule: %v, %v", report, err)
			}
		})
	}
}

// TestFilesOfRequests checks files of requests that resemble other formats in places, or in which only some lines are
// wrong.
func TestFilesOfRequests(t *testing.T) {
	t.Parallel()
	long := strings.Replace(good("a"), "Hi", strings.Repeat("x", 200_000), 1)
	for name, tt := range map[string]struct {
		file string
		want []string
	}{
		"right/one":                    {good("a"), nil},
		"right/long":                   {long, nil},
		"right/mark, blank lines":      {"\ufeff\n\n" + good("a"), nil},
		"right/params first":           {`{"params":{"model":"claude-opus-5","max_tokens":16,"messages":[{"role":"user","content":"Hi"}]},"custom_id":"a"}`, nil},
		"right/results inside":         {strings.Replace(good("a"), "Hi", `{\"custom_id\":\"a\",\"result\":{}},`, 1), nil},
		"right/other script":           {strings.Replace(good("a"), "Hi", "\u0410,\u0411;\u3042\\u0000", 1), nil},
		"line/first is cut off":        {good("a")[:60] + "\n" + good("b"), []string{"0:1 error json /params"}},
		"line/first ends in a comma":   {good("a") + ",\n" + good("b"), []string{"0:1 error json"}},
		"line/first is two":            {good("a") + good("b") + "\n" + good("c"), []string{"0:1 error json"}},
		"line/second is two":           {good("a") + "\n" + good("b") + good("c"), []string{"1:2 error json"}},
		"line/first is a result":       {`{"custom_id":"z","result":{}}` + "\n" + good("b"), []string{"0:1 error required /params", "0:1 warning unknown-property /result"}},
		"line/first is an array":       {"[]\n" + good("b"), []string{"0:1 error type"}},
		"line/first is a number":       {"1\n" + good("b"), []string{"0:1 error type"}},
		"line/first is a word":         {"requests\n" + good("b"), []string{"0:1 error json"}},
		"line/first is a line comment": {"// one, two\n" + good("b"), []string{"0:1 error json"}},
		"line/first is empty":          {"{}\n" + good("b"), []string{"0:1 error required /custom_id", "0:1 error required /params"}},
		"line/a message beside":        {`{"custom_id":"a","params":{},"messages":[]}`, []string{"0:1 error required /params/max_tokens", "0:1 error required /params/messages", "0:1 error required /params/model", "0:1 error unknown-property /messages"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := foundAt(check(t, tt.file, preflight.Options{}))
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// TestLineMessages checks the messages about lines that are not JSON, which must not contain their text.
func TestLineMessages(t *testing.T) {
	t.Parallel()
	in := func(value string) string { return strings.Replace(good("a"), "16", value, 1) }
	for line, want := range map[string]string{
		good("b") + ",":           "the line ends in a comma: remove it",
		good("b") + " " + in("1"): "the line holds several objects, the second begins at byte 113: put each on a line of its own",
		good("b") + " secret":     "not one whole JSON object: unexpected data after the value, from byte 113",
		good("b")[:100]:           "not one whole JSON object, at byte 100: unexpected EOF: the line is cut off, or has a line break where \\n belongs",
		in("NaN"):                 "not one whole JSON object, at byte 64: invalid character 'N' at start of value: JSON has no NaN, use null or leave it out",
		in("None"):                "not one whole JSON object, at byte 64: invalid character 'N' at start of value: None is Python, JSON has null",
		in("True"):                "not one whole JSON object, at byte 64: invalid character 'T' at start of value: True is Python, JSON has true",
		in("'secret'"):            "not one whole JSON object, at byte 64: invalid character '\\'' at start of value: JSON has double quotation marks, not single ones",
		"\ufeff" + good("b"):      `not one whole JSON object, at byte 0: invalid character '\ufeff' at start of value: a byte order mark in the middle, where files were joined: remove it`,
		"# secret":                "not one whole JSON object, at byte 0: invalid character '#' at start of value: JSON has no comments",
		strings.Replace(good("b"), "Hi", "Z\xfcrich", 1):       "not one whole JSON object, at byte 106: invalid UTF-8: save the file as UTF-8",
		strings.Replace(good("b"), "Hi", `\ud83dsecret`, 1):    "not one whole JSON object, at byte 105: invalid surrogate pair `\\ud83d` in string",
		strings.Replace(good("b"), "Hi", "\\ud83d`secret`", 1): "not one whole JSON object, at byte 105: invalid surrogate pair \"\\\\ud83d\" in string",
		strings.Replace(good("b"), "Hi", `\u12secret`, 1):      "not one whole JSON object, at byte 105: invalid escape sequence `\\u12` in string",
		strings.Replace(good("b"), "Hi", `\qsecret`, 1):        "not one whole JSON object, at byte 105: invalid escape sequence `\\q` in string",
	} {
		issues := check(t, good("z")+"\n"+line, preflight.Options{})
		if len(issues) != 1 || issues[0].Message != want || issues[0].Line != 2 {
			t.Errorf("%s\ngot  %v\nwant %s", line, issues, want)
		}
	}
}

// counted counts the bytes read from it.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// TestFileIsNotReadOn checks that reading stops once the format of a file is known, and that read errors are returned.
func TestFileIsNotReadOn(t *testing.T) {
	t.Parallel()
	r := &counted{Reader: memtest.Reader(memtest.Repeat("custom_id,prompt\n", "a,Hi\n", 100<<20, ""))}
	if report, err := preflight.CheckLines(r, preflight.Options{}); err != nil || len(report.Issues) != 1 || r.n > 1<<20 {
		t.Errorf("%d bytes were read, %v", r.n, err)
	}
	broken := errors.New("broken")
	report, err := preflight.CheckLines(io.MultiReader(strings.NewReader(`{"custom_id":`), iotest.ErrReader(broken)), preflight.Options{})
	if !errors.Is(err, broken) || report == nil {
		t.Errorf("got %v, %v", report, err)
	}
	if _, err := preflight.CheckLines(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(good("a")))), preflight.Options{}); err != iotest.ErrTimeout {
		t.Errorf("got %v: a reader that fails once", err)
	}
}

// TestSplit checks a file that will be split: its length is not an issue, but duplicates are, however far apart.
func TestSplit(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 100_002 {
		fmt.Fprintf(&b, "{\"custom_id\":\"r-%d\",\"params\":{\"model\":\"claude-opus-5\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}}\n", i%100_001)
	}
	for split, want := range map[bool]string{true: "100001:100002 error duplicate-id /custom_id", false: "-1:0 error batch-count batch"} {
		report, err := preflight.CheckLines(strings.NewReader(b.String()), preflight.Options{Split: split})
		if err != nil || report.Requests != 100_002 {
			t.Fatal(report.Requests, err)
		}
		if got := strings.Join(foundAt(report.Issues), "\n"); got != want {
			t.Errorf("split %v: got %s, want %s", split, got, want)
		}
	}
	if got := foundAt(check(t, "\n", preflight.Options{Split: true})); len(got) != 1 || got[0] != "-1:0 error batch-count batch" {
		t.Errorf("no requests: got %v", got)
	}
}

// TestSplitSize checks 256 MB of lines that stop being JSON at their first byte, so that the test is fast.
func TestSplitSize(t *testing.T) {
	t.Parallel()
	lines := memtest.Reader(memtest.Repeat("", strings.Repeat("x", 4_000_000)+"\n", 65*4_000_001, ""))
	report, err := preflight.CheckLines(lines, preflight.Options{Split: true, Disable: []preflight.Rule{preflight.JSON}})
	if err != nil || report.Bytes < 256_000_000 || len(report.Issues) > 0 {
		t.Errorf("%d bytes, %v, %v", report.Bytes, report.Issues, err)
	}
}

// TestManyOfOneRule checks that many issues of one rule do not hide others.
func TestManyOfOneRule(t *testing.T) {
	t.Parallel()
	wrong := strings.Replace(good("a b"), "16", "0", 1)
	report, err := preflight.CheckLines(strings.NewReader(strings.Repeat("x\n", 5000)+strings.Repeat(wrong+"\n", 5000)+good("a")+"\n"+good("a")), preflight.Options{Max: 2})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(foundAt(report.Issues), report.More)
	want := "[0:1 error json 1:2 error json 5000:5001 error pattern /custom_id 5000:5001 error limit /params/max_tokens 5001:5002 error pattern /custom_id 5001:5002 error limit /params/max_tokens 10001:10002 error duplicate-id /custom_id] [{json error 4998} {limit error 4998} {pattern error 4998}]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestForeignNames checks the hints for names and values of other APIs, which never propose something that a batch
// refuses.
func TestForeignNames(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		`"seed":1`:             `/params/seed: there is no such property: it has no equivalent, results vary [unknown-property]`,
		`"stop":["x"]`:         `/params/stop: there is no such property: use "stop_sequences", a list of strings [unknown-property]`,
		`"n":2`:                `/params/n: there is no such property: send the request several times, each with its own "custom_id" [unknown-property]`,
		`"response_format":{}`: `/params/response_format: there is no such property: use "output_config": {"format": {"type": "json_schema", "schema": {...}}} [unknown-property]`,
		`"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":"auto"`:              `/params/tool_choice: expected an object, got a string: use {"type": "auto"}, "any", "tool" or "none" [type]`,
		`"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"required"}`: `/params/tool_choice/type: there is no such type: use "any" [variant]`,
		`"tools":[{"type":"function","function":{"name":"f"}}]`:                                     `/params/tools/0/type: there is no such type: leave "type" out, and put "name", "description" and "input_schema" into the tool itself [variant]`,
		`"sped":"fast"`: `/params/sped: there is no such property, and a batch refuses "speed" [unknown-property]`,
		`"systm":"x"`:   `/params/systm: there is no such property: did you mean "system"? [unknown-property]`,
	} {
		issues := check(t, strings.Replace(good("a"), `"model"`, params+`,"model"`, 1), preflight.Options{})
		if len(issues) == 0 || issues[len(issues)-1].String() != "request 0 (a) "+want {
			t.Errorf("%s:\ngot  %v\nwant %s", params, issues, want)
		}
	}
}
