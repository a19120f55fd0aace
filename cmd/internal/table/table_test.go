package table_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-111a911e/messagebatches/cmd/internal/table"
)

// A row is a result of Next.
type row struct {
	Line  int
	Cells string // joined by |
	Err   string
}

// read returns all rows, and the error that ended them.
func read(r *table.Reader) (rows []row, end error) {
	for {
		cells, line, err := r.Next()
		var wrong *table.RowError
		switch {
		case err == io.EOF:
			return rows, nil
		case errors.As(err, &wrong):
			rows = append(rows, row{Err: err.Error()})
		case err != nil:
			return rows, err
		default:
			rows = append(rows, row{Line: line, Cells: strings.Join(cells, "|")})
		}
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text   string
		o      table.Options
		header string
		rows   []row
		blank  int
	}{
		"separator/comma":          {text: "a,b\n1,2\n", header: "a|b", rows: []row{{2, "1|2", ""}}},
		"separator/semicolon":      {text: "a;b\n1,5;2\n", header: "a|b", rows: []row{{2, "1,5|2", ""}}},
		"separator/tab":            {text: "a\tb\n1,x\t2\n", header: "a|b", rows: []row{{2, "1,x|2", ""}}},
		"separator/bar":            {text: "a|b\n1|2\n", header: "a|b", rows: []row{{2, "1|2", ""}}},
		"separator/quoted in name": {text: "\"a;b;c\",d\n1,2\n", header: "a;b;c|d", rows: []row{{2, "1|2", ""}}},
		"separator/one column":     {text: "a\n1\n", header: "a", rows: []row{{2, "1", ""}}},
		"separator/given":          {text: "a,b;c\n1,2;3\n", o: table.Options{Separator: ';'}, header: "a,b|c", rows: []row{{2, "1,2|3", ""}}},
		"separator/of Excel":       {text: "sep=;\r\na;b\r\n1;2\r\n", header: "a|b", rows: []row{{3, "1|2", ""}}},
		"text/byte order mark":     {text: "\ufeffa,b\n1,2\n", header: "a|b", rows: []row{{2, "1|2", ""}}},
		"text/mark and quote":      {text: "\ufeff\"a\",b\n1,2\n", header: "a|b", rows: []row{{2, "1|2", ""}}},
		"text/CR LF":               {text: "a,b\r\n1,2\r\n3,4", header: "a|b", rows: []row{{2, "1|2", ""}, {3, "3|4", ""}}},
		"text/white space in name": {text: " a , b\n1, 2\n", header: "a|b", rows: []row{{2, "1| 2", ""}}},
		"quotes/over lines":        {text: "a,b\n\"x\ny\n\",2\n3,4\n", header: "a|b", rows: []row{{2, "x\ny\n|2", ""}, {5, "3|4", ""}}},
		"quotes/in quotes":         {text: "a\n\"say \"\"hi\"\"\"\n", header: "a", rows: []row{{2, `say "hi"`, ""}}},
		"quotes/none":              {text: "a\tb\n\"x\" y\t\"\n", o: table.Options{NoQuotes: true}, header: "a|b", rows: []row{{2, `"x" y|"`, ""}}},
		"quotes/none, blank lines": {text: "a\tb\r\n\r\n1\t2\r\n", o: table.Options{NoQuotes: true}, header: "a|b", rows: []row{{3, "1|2", ""}}},
		"rows/ragged": {text: "a,b\n1\n1,2\n1,2,3\n", header: "a|b", rows: []row{
			{Err: "line 2: the row has 1 cell, but the header has 2"},
			{3, "1|2", ""},
			{Err: "line 4: the row has 3 cells, but the header has 2: a cell with ',' in it must be in quotes"},
		}},
		"rows/other separator": {text: "a\n1;2\n1,2\n", header: "a", rows: []row{{2, "1;2", ""}, {Err: "line 3: the row has 2 cells, but the header has 1 (the separator is ',')"}}},
		"rows/empty cells":     {text: "a,b\n,\n1,2\n,\n,\n", header: "a|b", rows: []row{{3, "1|2", ""}}, blank: 3},
		"rows/none":            {text: "a,b\n", header: "a|b"},
		"rows/Latin-1": {text: "a,b\n1,\"x\nZ\xfcrich\"\n1,2\n", header: "a|b", rows: []row{
			{Err: "line 2: cell 2 is not UTF-8: save the table as \"CSV UTF-8\", or convert it with iconv -f WINDOWS-1252 -t UTF-8"},
			{4, "1|2", ""},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := table.NewReader(strings.NewReader(tt.text), tt.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(r.Header, "|"); got != tt.header {
				t.Errorf("header %q, want %q", got, tt.header)
			}
			rows, err := read(r)
			if err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(tt.rows, rows); diff != "" {
				t.Error(diff)
			}
			if r.Blank != tt.blank {
				t.Errorf("%d blank rows, want %d", r.Blank, tt.blank)
			}
		})
	}
}

func TestReaderFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		o    table.Options
		want string // beginning of the error
	}{
		"file/empty":         {text: "", want: "the table is empty"},
		"file/only a mark":   {text: "\ufeff", want: "the table is empty"},
		"file/UTF-16":        {text: "\xff\xfea\x00,\x00", want: "the table is text in UTF-16 (line 1)"},
		"file/bare UTF-16":   {text: "a\x00,\x00", want: "the table is not text in UTF-8"},
		"file/workbook":      {text: "PK\x03\x04...", want: "the table is a ZIP archive, as XLSX"},
		"file/CR alone":      {text: "a,b\r1,2\r", want: "the lines of the table end in CR alone"},
		"header/Latin-1":     {text: "a,Stra\xdfe\n", want: "header, line 1: cell 2 is not UTF-8"},
		"quotes/bare":        {text: "a,b\n1,say \"hi\"\n", want: "line 2, column 7: a quote inside a cell"},
		"quotes/not closed":  {text: "a,b\n1,2\n3,\"x\n5,6\n", want: "line 3: a quoted cell that begins in this row is not closed, or not followed by a separator (noticed at line 4): write each quote in it twice"},
		"quotes/not doubled": {text: "a,b\n1,\"x \"y\" z\"\n", want: "line 2: a quoted cell is not closed, or not followed by a separator"},
		"quotes/behind sep=": {text: "sep=;\na;b\n1;\"x\n", want: "line 3: a quoted cell is not closed, or not followed"},
		"row/too long":       {text: "a,b\n1,\"" + strings.Repeat("x", table.MaxRow+1<<20), want: "the row that begins at line 2 is longer than 16 MB"},
		"row/too long, bare": {text: "a\n" + strings.Repeat("x", table.MaxRow+1<<20), o: table.Options{NoQuotes: true}, want: "the row that begins at line 2 is longer than 16 MB"},
		"separator/quote":    {text: "a\n", o: table.Options{Separator: '"'}, want: "the separator of a table cannot be '\"'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := table.NewReader(strings.NewReader(tt.text), tt.o)
			if err == nil {
				_, err = read(r)
			}
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("got error %v, want %s...", err, tt.want)
			}
		})
	}
}

func TestWriter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		raw     bool
		in, out string
		guarded int
	}{
		"formula/equals":       {in: "=1+1", out: "'=1+1", guarded: 1},
		"formula/plus":         {in: "+49 170 1", out: "'+49 170 1", guarded: 1},
		"formula/minus":        {in: "-a", out: "'-a", guarded: 1},
		"formula/at":           {in: "@SUM(A1)", out: "'@SUM(A1)", guarded: 1},
		"formula/white space":  {in: " \t=1", out: "' \t=1", guarded: 1},
		"formula/line break":   {in: "\n=1", out: "\"'\n=1\"", guarded: 1},
		"formula/tab":          {in: "\tx", out: "'\tx", guarded: 1},
		"formula/wide":         {in: "＝1", out: "'＝1", guarded: 1},
		"formula/number":       {in: "-12.5", out: "-12.5"},
		"formula/not a number": {in: "-1-2", out: "'-1-2", guarded: 1},
		"formula/two points":   {in: "-1.2.3", out: "'-1.2.3", guarded: 1},
		"formula/sign alone":   {in: "-", out: "'-", guarded: 1},
		"formula/later":        {in: "a=1", out: "a=1"},
		"formula/raw":          {raw: true, in: "=1", out: "=1"},
		"quotes/comma":         {in: `a,"b"`, out: `"a,""b"""`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			w := table.NewWriter(&b, ',', tt.raw)
			if err := errors.Join(w.Write([]string{"x", tt.in}), w.Flush()); err != nil {
				t.Fatal(err)
			}
			if want := "x," + tt.out + "\n"; b.String() != want || w.Guarded != tt.guarded {
				t.Errorf("got %q and %d guarded, want %q and %d", b.String(), w.Guarded, want, tt.guarded)
			}
		})
	}
}

// FuzzReader reads any text: rows have as many cells as the header, their line numbers increase, and the rows can be written
// and read again.
func FuzzReader(f *testing.F) {
	for _, text := range []string{"a,b\n1,2\n", "\ufeffa;b\r\n\"x\ny\";2\r\n", "sep=|\na|b\n", "a\n\"", "a,b\n1\n,\n", "a\tb\n\"x\" y\tz\n", "a,\xff\n", "\"a\"\"\",b\n=1,-1\n"} {
		f.Add(text, false)
		f.Add(text, true)
	}
	f.Add("a\n"+strings.Repeat("x,y\n", 200)+"\x00\n", false) // the omitted rows hide a zero byte
	f.Fuzz(func(t *testing.T, text string, noQuotes bool) {
		r, err := table.NewReader(strings.NewReader(text), table.Options{NoQuotes: noQuotes})
		if err != nil {
			return
		}
		var out strings.Builder
		w := table.NewWriter(&out, ',', true)
		w.Write(append(r.Header, "end"))
		var rows [][]string
		last := 0
		for {
			cells, line, err := r.Next()
			if errors.As(err, new(*table.RowError)) {
				continue
			}
			if err != nil {
				break
			}
			if len(cells) != len(r.Header) || line <= last {
				t.Fatalf("line %d after %d with %d cells, but the header has %d", line, last, len(cells), len(r.Header))
			}
			last = line
			rows = append(rows, append(append([]string{}, cells...), "end"))
			w.Write(rows[len(rows)-1])
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		again, err := table.NewReader(strings.NewReader(out.String()), table.Options{Separator: ','})
		if err != nil && strings.HasPrefix(err.Error(), "the table is ") {
			return // without quotes or the omitted rows, it looks like a file of another format
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range rows {
			got, line, err := again.Next()
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				want[i] = strings.ReplaceAll(want[i], "\r\n", "\n") // like package csv in quoted cells
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("line %d: %s", line, diff)
			}
		}
	})
}
