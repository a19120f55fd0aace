package convert_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/cmd/internal/convert"
	"github.com/seed-111a911e/messagebatches/cmd/internal/table"
)

// succeeded returns a line of results with a text.
func succeeded(id, text string) string {
	quoted, _ := json.Marshal(text)
	return fmt.Sprintf(`{"custom_id":%q,"result":{"type":"succeeded","message":{"id":"m","type":"message","role":"assistant","model":"claude-opus-5","content":[{"type":"text","text":%s}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":5,"cache_read_input_tokens":2,"output_tokens":3}}}}`, id, quoted) + "\n"
}

func TestResults(t *testing.T) {
	t.Parallel()
	const (
		errored  = `{"custom_id":"e","result":{"type":"errored","error":{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}}}` + "\n"
		expired  = `{"custom_id":"x","result":{"type":"expired"}}` + "\n"
		canceled = `{"custom_id":"c","result":{"type":"canceled"}}` + "\n"
		newer    = `{"custom_id":"n","result":{"type":"postponed"}}` + "\n"
		damaged  = `{"custom_id":"d"}` + "\n"
		tool     = `{"custom_id":"t","result":{"type":"succeeded","message":{"id":"m","type":"message","role":"assistant","model":"claude-opus-5","content":[{"type":"tool_use","id":"u","name":"f","input":{"a":1.50}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":5,"output_tokens":3}}}}` + "\n"
		names    = "custom_id,outcome,text,stop_reason,error_type,error_message,input_tokens,cache_creation_input_tokens,cache_read_input_tokens,output_tokens"
	)
	for name, tt := range map[string]struct {
		results, input string
		o              convert.ResultOptions
		want           string
		notes          []string
	}{
		"alone/all outcomes": {
			results: succeeded("s", "hello") + "\n" + errored + expired + canceled + newer + damaged,
			want: names + "\ns,succeeded,hello,end_turn,,,5,,2,3\ne,errored,,,overloaded_error,Overloaded,,,,\nx,expired,,,,,,,,\nc,canceled,,,,,,,,\n" +
				"n,postponed,,,,,,,,\nd,damaged,,,,,,,,\n",
			notes: []string{"changed : the result is damaged: 1 [7 decode JSON at /result: missing]"},
		},
		"alone/duplicate": {results: expired + expired, want: names + "\nx,expired,,,,,,,,\nx,expired,,,,,,,,\n", notes: []string{`changed custom_id: duplicate custom_id: each must be unique: 1 [2 "x", as in line 1]`}},
		"alone/empty":     {want: names + "\n"},
		"alone/mark":      {o: convert.ResultOptions{Mark: true, Separator: ';'}, want: "\ufeff" + strings.ReplaceAll(names, ",", ";") + "\n"},
		"cells/formula":   {results: succeeded("-1-", "=HYPERLINK(1)"), want: names + "\n'-1-,succeeded,'=HYPERLINK(1),end_turn,,,5,,2,3\n"},
		"cells/raw":       {results: succeeded("a", "=1"), o: convert.ResultOptions{Raw: true}, want: names + "\na,succeeded,=1,end_turn,,,5,,2,3\n"},
		"cells/quoted":    {results: succeeded("a", "x,\"y\"\nz"), want: names + "\na,succeeded,\"x,\"\"y\"\"\nz\",end_turn,,,5,,2,3\n"},
		"cells/long": {
			results: succeeded("a", strings.Repeat("é", 32768)), want: names + "\na,succeeded," + strings.Repeat("é", 32768) + ",end_turn,,,5,,2,3\n",
			notes: []string{"changed text: longer than the 32,767 characters of a spreadsheet cell: the file has all of it, but a spreadsheet truncates it: 1 [1 ]"},
		},
		"fields/found": {
			results: succeeded("a", `{"label":"bug","n":1.50,"ok":true,"no":null,"o":{"p":"q","r":[1, 2]},"x.y":"z"}`) + tool + errored,
			o:       convert.ResultOptions{Fields: []string{"label", "n", "ok", "no", "o.p", "o", "x.y", "a"}},
			want: names + ",label,n,ok,no,o.p,o,x.y,a\na,succeeded,\"{\"\"label\"\":\"\"bug\"\",\"\"n\"\":1.50,\"\"ok\"\":true,\"\"no\"\":null,\"\"o\"\":{\"\"p\"\":\"\"q\"\",\"\"r\"\":[1, 2]},\"\"x.y\"\":\"\"z\"\"}\",end_turn,,,5,,2,3,bug,1.50,true,,q,\"{\"\"p\"\":\"\"q\"\",\"\"r\"\":[1,2]}\",z,\n" +
				"t,succeeded,,tool_use,,,5,,,3,,,,,,,,1.50\ne,errored,,,overloaded_error,Overloaded,,,,,,,,,,,,\n",
			notes: []string{
				"dropped a: the answer has no such field: 1 [1 ]", "dropped label: the answer has no such field: 1 [2 ]", "dropped n: the answer has no such field: 1 [2 ]",
				"dropped ok: the answer has no such field: 1 [2 ]", "dropped no: the answer has no such field: 1 [2 ]", "dropped o.p: the answer has no such field: 1 [2 ]",
				"dropped o: the answer has no such field: 1 [2 ]", "dropped x.y: the answer has no such field: 1 [2 ]",
			},
		},
		"fields/no JSON": {
			results: succeeded("a", "```json\n{}\n```"), o: convert.ResultOptions{Fields: []string{"text"}},
			want:  names + ",result_text\na,succeeded,\"```json\n{}\n```\",end_turn,,,5,,2,3,\n",
			notes: []string{"changed text: the table already has a column of this name: the column of the result is named result_text: 1", `dropped fields: the answer is not a JSON object: it may be truncated or refused (see its stop_reason), or the request has no "output_config" with a JSON schema: 1 [1 ]`},
		},
		"join/order of the table": {
			results: succeeded("b", "2") + succeeded("a", "1"), input: "id;note\r\na;\"x;y\"\r\nb;=1\r\nc;-5\r\n", o: convert.ResultOptions{ID: convert.RowID{Column: "id"}},
			want: "id;note;" + strings.ReplaceAll(names, ",", ";") + "\na;\"x;y\";a;succeeded;1;end_turn;;;5;;2;3\nb;'=1;b;succeeded;2;end_turn;;;5;;2;3\nc;-5;c;missing;;;;;;;;\n",
		},
		"join/names of the table": {
			results: succeeded("a", "1"), input: "\ufeffcustom_id,text,result_text\na,t,r\n",
			want:  "\ufeffcustom_id,text,result_text,outcome,result_result_text,stop_reason,error_type,error_message,input_tokens,cache_creation_input_tokens,cache_read_input_tokens,output_tokens\na,t,r,succeeded,1,end_turn,,,5,,2,3\n",
			notes: []string{"changed text: the table already has a column of this name: the column of the result is named result_result_text: 1"},
		},
		"join/numbers": {
			results: succeeded("row-2", "2") + succeeded("row-1", "1"), input: "t\nx\n\ny\n", o: convert.ResultOptions{ID: convert.RowID{Number: true}},
			want: "t," + names + "\nx,row-1,succeeded,1,end_turn,,,5,,2,3\ny,row-2,succeeded,2,end_turn,,,5,,2,3\n",
		},
		"join/no row": {
			results: succeeded("a", "1") + succeeded("b", "2") + succeeded("a", "3"), input: "custom_id,t\na,x\n? ,y\na,z\nz\n",
			want: "custom_id,t" + strings.TrimPrefix(names, "custom_id") + "\na,x,succeeded,1,end_turn,,,5,,2,3\n? ,y,missing,,,,,,,,\na,z,succeeded,1,end_turn,,,5,,2,3\n",
			notes: []string{
				`dropped : duplicate result for the same custom_id: 1 [3 "a", as in line 1]`,
				`changed custom_id: the custom_id has characters other than letters, digits, - and _: 1 [3 "? "]`,
				"refused : the row has 1 cell, but the header has 2: 1 [5 ]",
				`dropped : no row of the table has the custom_id of this result: 1 [2 "b"]`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.input != "" {
				tt.o.Input = strings.NewReader(tt.input)
			}
			var out bytes.Buffer
			var n convert.Notes
			s, err := convert.Results(&out, strings.NewReader(tt.results), tt.o, &n)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.notes, notes(n.Groups())); diff != "" {
				t.Error(diff)
			}
			total := 0
			for _, n := range s.Outcomes {
				total += n
			}
			if total != s.Written {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestResultsFails(t *testing.T) {
	t.Parallel()
	const noRow = "no row of the table has the custom_id of a result, such as "
	for name, tt := range map[string]struct {
		results io.Reader
		input   string
		id      convert.RowID
		want    string
	}{
		"join/stream":      {io.MultiReader(), "custom_id\n", convert.RowID{}, "to join results with a table they must be in a file"},
		"join/no id":       {strings.NewReader(""), "id\n", convert.RowID{}, "no column has the custom IDs"},
		"join/quotes":      {strings.NewReader(""), "custom_id\n\"a\n", convert.RowID{}, "table: line 2: a quoted cell"},
		"join/not numbers": {strings.NewReader(succeeded("a", "1") + succeeded("b", "2")), "id\na\nb\n", convert.RowID{Number: true}, noRow + `"a": the requests were probably made with --id, not --number`},
		"join/numbers":     {strings.NewReader(succeeded("row-1", "1")), "id\na\n\"? \"\n", convert.RowID{Column: "id"}, noRow + `"row-1": the requests were probably made with --number, or with another --id`},
		"join/no rows":     {strings.NewReader("{}\n" + succeeded("a", "1")), "custom_id\n", convert.RowID{}, noRow + `"a": `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var n convert.Notes
			_, err := convert.Results(io.Discard, tt.results, convert.ResultOptions{Input: strings.NewReader(tt.input), ID: tt.id}, &n)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got error %v, want %s...", err, tt.want)
			}
		})
	}
}

// TestResultsOfMany joins results whose order differs from the table's, with lines longer than any buffer.
func TestResultsOfMany(t *testing.T) {
	t.Parallel()
	const n = 3000
	var input, results strings.Builder
	input.WriteString("custom_id\n")
	for i := range n {
		fmt.Fprintf(&input, "id-%d\n", i)
		at := i * 1009 % n
		text := fmt.Sprint(at)
		if at%500 == 0 {
			text += strings.Repeat(".", 70000)
		}
		results.WriteString(succeeded(fmt.Sprintf("id-%d", at), text))
	}
	var out bytes.Buffer
	var notes convert.Notes
	s, err := convert.Results(&out, strings.NewReader(results.String()), convert.ResultOptions{Input: strings.NewReader(input.String())}, &notes)
	if err != nil || s.Outcomes["succeeded"] != n || s.Read != n || s.Written != n {
		t.Fatal(err, s)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != n+1 {
		t.Fatal(err, len(rows))
	}
	for i, row := range rows[1:] {
		if row[0] != fmt.Sprintf("id-%d", i) || strings.TrimRight(row[2], ".") != fmt.Sprint(i) {
			t.Fatalf("row %d is %.100v", i, row)
		}
	}
}

// FuzzResults converts any results and any table: the output can be read again, has a row for each row of the input, and
// contains no formulas.
func FuzzResults(f *testing.F) {
	f.Add(succeeded("a", `{"x":"=1"}`)+succeeded("b", "@x"), "custom_id,t\na,+x\n")
	f.Add(`{"custom_id":"e","result":{"type":"errored","error":{"type":"error","error":{"type":"-x","message":"=y"}}}}`+"\n{}\n\xff", "custom_id;\"x\ny\"\ne;1\n")
	f.Fuzz(func(t *testing.T, results, input string) {
		for _, in := range []io.Reader{nil, strings.NewReader(input)} {
			var out bytes.Buffer
			var n convert.Notes
			s, err := convert.Results(&out, strings.NewReader(results), convert.ResultOptions{Input: in, Fields: []string{"x"}}, &n)
			if err != nil {
				continue
			}
			r := csv.NewReader(&out)
			if s.Separator != "" {
				r.Comma = []rune(s.Separator)[0]
			}
			rows, err := r.ReadAll()
			if err != nil || len(rows) != s.Written+1 {
				t.Fatalf("%v: %d rows, %+v: %q", err, len(rows), s, &out)
			}
			for _, row := range rows {
				for _, cell := range row {
					if w := table.NewWriter(io.Discard, ',', false); w.Write([]string{cell}) == nil && w.Guarded > 0 {
						t.Fatalf("a formula: %q", cell)
					}
				}
			}
		}
	})
}
