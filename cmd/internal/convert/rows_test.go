package convert_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/client/preflight"
	"github.com/seed-111a911e/messagebatches/cmd/internal/convert"
	"github.com/seed-111a911e/messagebatches/cmd/internal/table"
)

const (
	png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
	pdf = "%PDF-1.7\n%%EOF\n"
)

// notes formats groups for comparison, one per line.
func notes(groups []convert.Group) (lines []string) {
	for _, g := range groups {
		text := fmt.Sprintf("%s %s: %s: %d", g.Kind, g.Place, g.Message, g.Count)
		for _, s := range g.First {
			text += fmt.Sprintf(" [%d %s]", s.Line, s.Detail)
		}
		lines = append(lines, text)
	}
	return lines
}

// filesDir creates a directory with files in it, and a file next to it.
func filesDir(t *testing.T) string {
	dir := filepath.Join(t.TempDir(), "in")
	for name, data := range map[string]string{"a.png": png, "sub/b.pdf": pdf, "note.txt": "hello", "empty": "", "../secret.png": png} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(data), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret.png", filepath.Join(dir, "link.png")); err != nil {
		t.Log(err) // not every file system has links
	}
	return dir
}

func TestRows(t *testing.T) {
	t.Parallel()
	const params = `{"model":"claude-opus-5","max_tokens":10,"messages":[{"role":"user","content":"%s"}]}`
	b64 := base64.StdEncoding.EncodeToString
	for name, tt := range map[string]struct {
		table, template string
		id              convert.RowID
		want            []string // lines
		notes           []string
	}{
		"id/column custom_id":   {table: "custom_id,t\nx,1\n", template: `{"a":"{t}"}`, want: []string{`{"custom_id":"x","params":{"a":"1"}}`}},
		"id/column":             {table: "k,t\nx,1\n", template: `{"a":"{t}"}`, id: convert.RowID{Column: "k"}, want: []string{`{"custom_id":"x","params":{"a":"1"}}`}},
		"id/text":               {table: "k,t\nx,1\n", template: `{"a":"{t}"}`, id: convert.RowID{Column: "{k}-{t}"}, want: []string{`{"custom_id":"x-1","params":{"a":"1"}}`}},
		"id/of the template":    {table: "k,t\nx,1\n", template: `{"custom_id":"t-{k}","params":{"a":"{t}"}}`, want: []string{`{"custom_id":"t-x","params":{"a":"1"}}`}},
		"id/above the template": {table: "k,t\nx,1\n", template: `{"custom_id":"t-{k}","params":{"a":"{t}"}}`, id: convert.RowID{Column: "t"}, want: []string{`{"custom_id":"1","params":{"a":"1"}}`}},
		"id/number":             {table: "t\n1\n\n2\n", template: `{"a":"{t}"}`, id: convert.RowID{Number: true}, want: []string{`{"custom_id":"row-1","params":{"a":"1"}}`, `{"custom_id":"row-2","params":{"a":"2"}}`}},
		"id/duplicate, empty, wrong": {
			table: "k\nx\n\"\"\nx\ny z\n" + strings.Repeat("l", 65) + "\nx\n", template: `{"a":"b"}`, id: convert.RowID{Column: "k"},
			want: []string{`{"custom_id":"x","params":{"a":"b"}}`},
			notes: []string{
				`refused custom_id: duplicate custom_id: each must be unique: 2 [4 "x", as in line 2] [7 "x", as in line 2]`,
				`refused custom_id: the custom_id has characters other than letters, digits, - and _: 1 [5 "y z"]`,
				`refused custom_id: the custom_id has more than 64 characters: 1 [6 "` + strings.Repeat("l", 64) + `"...]`,
			},
		},
		"text/escaped":           {table: "custom_id,t\nx,\"say \"\"hi\"\"\n\\ \t é\"\n", template: fmt.Sprintf(params, "<{t}>"), want: []string{`{"custom_id":"x","params":` + fmt.Sprintf(params, `<say \"hi\"\n\\ \t é>`) + `}`}},
		"text/no JSON gets out":  {table: "custom_id,t\nx,\"\"\"}],\"\"model\"\":\"\"y\"\n", template: `{"a":["{t}"]}`, want: []string{`{"custom_id":"x","params":{"a":["\"}],\"model\":\"y"]}}`}},
		"text/not filled twice":  {table: "custom_id,t,u\nx,{u},2\n", template: `{"a":"{t}"}`, want: []string{`{"custom_id":"x","params":{"a":"{u}"}}`}},
		"text/names with spaces": {table: "custom_id,Ticket text\nx,1\n", template: `{"a":"{Ticket text}"}`, want: []string{`{"custom_id":"x","params":{"a":"1"}}`}},
		"text/JSON in a prompt":  {table: "custom_id,t\nx,1\n", template: `{"a":"answer {\"label\": {\"x\": \"...\"}} or {} for {t}"}`, want: []string{`{"custom_id":"x","params":{"a":"answer {\"label\": {\"x\": \"...\"}} or {} for 1"}}`}},
		"text/doubled braces": {
			table: "custom_id,t\nx,1\n", template: `{"a":"{{t}} {{other}} {{t}} {t}"}`,
			want:  []string{`{"custom_id":"x","params":{"a":"{t} {other} {t} 1"}}`},
			notes: []string{"changed t: the template has this column in double braces, which means the literal text: for the cell write single braces: 1"},
		},
		"text/numbers stay": {table: "custom_id\nx\n", template: "{\"a\": 1.50,\n\"b\": [true, null, 1e400]}", want: []string{`{"custom_id":"x","params":{"a":1.50,"b":[true,null,1e400]}}`}},
		"file/block": {table: "custom_id,f\nx,a.png\ny,sub/b.pdf\n", template: `{"content":["@{f}",{"type":"text","text":"@{f}"}]}`, want: []string{
			`{"custom_id":"x","params":{"content":[{"type":"image","source":{"type":"base64","data":"` + b64([]byte(png)) + `","media_type":"image/png"}},{"type":"text","text":"@a.png"}]}}`,
			`{"custom_id":"y","params":{"content":[{"type":"document","source":{"media_type":"application/pdf","type":"base64","data":"` + b64([]byte(pdf)) + `"}},{"type":"text","text":"@sub/b.pdf"}]}}`,
		}},
		"file/source, same for all": {table: "custom_id\nx\n", template: `{"b":{"source":"@a.png","type":"image"}}`, want: []string{
			`{"custom_id":"x","params":{"b":{"source":{"type":"base64","data":"` + b64([]byte(png)) + `","media_type":"image/png"},"type":"image"}}}`,
		}},
		"file/not in a list": {
			table: "custom_id,f\nx,a.png\n", template: `{"messages":[{"content":"@{f}"}]}`,
			want:  []string{`{"custom_id":"x","params":{"messages":[{"content":"@a.png"}]}}`},
			notes: []string{`changed template/messages/0/content: the content begins with @ and is sent as text: to send a file, put it into a list, "content": ["@..."]: 1`},
		},
		"file/wrong ones": {
			table: "custom_id,f\na,../secret.png\nb,link.png\nc,/etc/passwd\nd,none.png\ne,sub\nf,note.txt\ng,empty\nh,sub/b.pdf\ni,\"\"\n", template: `{"b":{"type":"image","source":"@{f}"}}`,
			notes: []string{
				`refused : the file is outside of DIR: only files below that directory are read; --files sets another directory: 3 [2 "../secret.png"] [3 "link.png"] [4 "/etc/passwd"]`,
				`refused : the file does not exist in DIR: 1 [5 "none.png"]`,
				`refused : not a regular file: 1 [6 "sub"]`,
				`refused : the file is neither a PDF nor an image of a supported format: image is text/plain; charset=utf-8: it must be JPEG, PNG, GIF or WebP: 1 [7 "note.txt"]`,
				`refused : the file is empty: 1 [8 "empty"]`,
				`refused : the file needs a block of type "document", but the template has a block of type "image": 1 [9 "sub/b.pdf"]`,
				`refused : the name of the file is empty: 1 [10 ]`,
			},
		},
		"row/ragged": {
			table: "custom_id,t\nx\ny,2\n", template: `{"a":"{t}"}`,
			want:  []string{`{"custom_id":"y","params":{"a":"2"}}`},
			notes: []string{"refused : the row has 1 cell, but the header has 2: 1 [2 ]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filesDir(t)
			var out bytes.Buffer
			var n convert.Notes
			s, err := convert.Rows(&out, strings.NewReader(tt.table), convert.RowOptions{Template: []byte(tt.template), ID: tt.id, Files: dir}, &n)
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Join(tt.want, "\n"); strings.TrimSuffix(out.String(), "\n") != want {
				t.Errorf("got\n%s\nwant\n%s", out.String(), want)
			}
			got := notes(n.Groups())
			for i := range got {
				got[i] = strings.ReplaceAll(got[i], dir, "DIR")
			}
			if diff := cmp.Diff(tt.notes, got); diff != "" {
				t.Error(diff)
			}
			if s.Written != len(tt.want) || s.Read != s.Written+n.Count(convert.Refused) {
				t.Errorf("summary %+v and %d refused", s, n.Count(convert.Refused))
			}
		})
	}
}

func TestRowsFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		table, template string
		id              convert.RowID
		want            string // beginning of the error
	}{
		"template/no JSON":         {template: `{"a":}`, want: "the template is not JSON, line 1: "},
		"template/cut off":         {template: "{\"a\":1", want: "the template is not JSON: it is truncated"},
		"template/two values":      {template: "{} {}", want: "the template is not JSON: there is more data after"},
		"template/array":           {template: `[]`, want: "the template must be a JSON object"},
		"template/outside strings": {template: "{\n\"a\": {t}}", want: "the template is not JSON, line 2: "},
		"template/no column":       {template: `{"a":{"b":["{T}"]}}`, want: `template/a/b/0: the table has no column "T"; did you mean "t"? (it has "custom_id" "t" "d" "d"); for the literal text {T} write {{T}}`},
		"template/two columns":     {template: `{"a":"{d}"}`, want: `template/a: several columns have the name "d"`},
		"template/in a name":       {template: `{"{t}":1}`, want: `template: {column} in the name of a property, "{t}"`},
		"template/beside params":   {template: `{"params":{},"model":1}`, want: `the template has "model" next to "params"`},
		"template/params":          {template: `{"params":1}`, want: `"params" of the template must be a JSON object`},
		"template/custom_id alone": {template: `{"custom_id":"{t}","model":"m"}`, want: `the template has "custom_id" but no "params"`},
		"template/fixed id":        {template: `{"custom_id":"x","params":{}}`, want: "custom_id of the template must contain a {column}"},
		"template/names twice":     {template: `{"a":1,"a":2}`, want: "the template is not JSON, line 1: "},
		"template/source":          {template: `{"source":"@{t}"}`, want: `template/source: a file can only be the source of a block whose "type" is "image" or "document"`},
		"template/file missing":    {template: `{"content":["@none.png"]}`, want: "template/content/0: the file does not exist in "},
		"id/unknown":               {template: `{}`, id: convert.RowID{Column: "nr"}, want: `custom IDs: the table has no column "nr"`},
		"id/both":                  {template: `{}`, id: convert.RowID{Column: "t", Number: true}, want: "custom IDs come either from a column or from numbers"},
		"id/none":                  {table: "a,b\n1,2\n", template: `{}`, want: "no column has the custom IDs: name one with --id, or number the rows with --number"},
		"table/not closed":         {table: "custom_id,t\n1,\"2\n", template: `{}`, want: "line 2: a quoted cell"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.table == "" {
				tt.table = "custom_id,t,d,d\n1,2,3,4\n"
			}
			var n convert.Notes
			_, err := convert.Rows(new(bytes.Buffer), strings.NewReader(tt.table), convert.RowOptions{Template: []byte(tt.template), ID: tt.id, Files: t.TempDir()}, &n)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got error %v, want %s...", err, tt.want)
			}
		})
	}
}

// TestRowsPassPreflight checks a request with all kinds of parts.
func TestRowsPassPreflight(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var n convert.Notes
	_, err := convert.Rows(&out, strings.NewReader("id;text;file\nT-1;\"It's \"\"broken\"\"\nsince Monday\";sub/b.pdf\n"), convert.RowOptions{
		Template: []byte(`{"model":"claude-opus-5","max_tokens":100,"system":"Label the ticket.","messages":[{"role":"user","content":["@{file}",{"type":"text","text":"{text}"}]}],
			"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"label":{"enum":["bug","wish"]}},"required":["label"],"additionalProperties":false}}}}`),
		ID: convert.RowID{Column: "id"}, Files: filesDir(t),
	}, &n)
	if err != nil || len(n.Groups()) > 0 {
		t.Fatal(err, n.Groups())
	}
	report, err := preflight.CheckLines(&out, preflight.Options{})
	if err != nil || len(report.Issues) > 0 || report.Requests != 1 {
		t.Error(err, report)
	}
}

// FuzzTemplate fills any template with any cell: the result is one line of JSON that contains the text of the cell
// unchanged.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{`{"a":"{t}"}`, `{"a":"{{t}} {t}{","b":[{"c":"x{t}y"}]}`, `{"params":{"a":"{t}"},"custom_id":"{k}"}`, `{"content":["@x",1]}`, "{\"a\":\"\\u007bt}\"}", `{"source":"@","type":"image"}`, `{"a":"{{{t}}}"}`} {
		f.Add(s, "x\"y\n\\")
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, template, cell string) {
		if !utf8.ValidString(cell) || strings.Contains(cell, "\r") {
			return
		}
		var in, out bytes.Buffer
		w := table.NewWriter(&in, ',', true)
		w.Write([]string{"k", "t"})
		w.Write([]string{"x", cell})
		w.Flush()
		var n convert.Notes
		s, err := convert.Rows(&out, &in, convert.RowOptions{Table: table.Options{Separator: ','}, Template: []byte(template), ID: convert.RowID{Column: "k"}, Files: dir}, &n)
		if err != nil || s.Written == 0 {
			return
		}
		line, ok := strings.CutSuffix(out.String(), "\n")
		var request struct {
			ID     string `json:"custom_id"`
			Params any
		}
		if err := json.Unmarshal([]byte(line), &request); err != nil || !ok || strings.Contains(line, "\n") || request.ID != "x" {
			t.Fatalf("%q: %v", out.String(), err)
		}
		if template == `{"a":"{t}"}` {
			if diff := cmp.Diff(any(map[string]any{"a": cell}), request.Params); diff != "" {
				t.Error(diff)
			}
		}
	})
}
