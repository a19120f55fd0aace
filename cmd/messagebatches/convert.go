package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
	"github.com/seed-111a911e/messagebatches/cmd/internal/convert"
	"github.com/seed-111a911e/messagebatches/cmd/internal/table"
)

const convertLong = `Converts other formats to a requests file, one {"custom_id", "params"} per line, and a results file
to CSV. The file - is standard input. The format is detected:

  table    CSV or TSV: each row becomes a request, made from --template
  openai   lines of OpenAI's Batch API for /v1/chat/completions; --model sets the model to use
  json     a JSON array of requests, {"requests": [...]}, or requests over several lines
  results  results, one per line: each becomes a row with custom_id, outcome, text, stop_reason,
           error_type, error_message and token counts; --join adds the columns of the table that
           the requests were made from, before these

A template is JSON: the params of a request, or a whole request. In its strings {column} is replaced
by the cell of that column; write {{column}} for the text {column}. In a "content" list the string
"@{column}" becomes an image or PDF, read from the file that the cell names; as the "source" of an
image or document block it becomes only the source. Only files below --files are read.

Anything that cannot be carried over is reported on standard error, grouped; --notes writes each
case to a file. A row or line that cannot be converted at all is refused: the file of -o is then not
written, unless --partial is set. Cells that a spreadsheet would treat as formulas get a leading
apostrophe, unless --formulas is set.

Exit status: 0 if everything was converted, 1 if rows or lines were refused, 2 if the file could not
be converted, 3 after an interrupt.`

const convertExample = `  messagebatches convert tickets.csv --template template.json --id ticket -o requests.jsonl
  messagebatches convert openai.jsonl --model claude-haiku-4-5 -o requests.jsonl
  messagebatches convert results.jsonl --join tickets.csv --id ticket --fields label -o labels.csv`

// A convertCall is one call of convert.
type convertCall struct {
	*app
	from, template, id, files, separator string
	output, join, notesFile              string
	models, fields                       []string
	maxTokens                            int64
	number, noQuotes, mark, raw, partial bool
}

func newConvert(a *app) *cobra.Command {
	v := &convertCall{app: a}
	c := &cobra.Command{
		Use: "convert FILE", Short: "Convert CSV and other formats to requests, and results to CSV",
		Long: convertLong, Example: convertExample,
		Args: func(_ *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return cli.Wrong("no file is named: give the file to convert, such as tickets.csv, or - for standard input")
			case 1:
				return nil
			}
			return cli.Wrong("unexpected argument %q: this command takes one file", args[1])
		},
	}
	flags := c.Flags()
	flags.StringVarP(&v.output, "output", "o", "", "`file` to write (default standard output)")
	flags.StringVar(&v.from, "from", "", "`format` of the input: table, openai, json or results (default: detected)")
	flags.StringVar(&v.template, "template", "", "template `file` for the rows of a table")
	flags.StringVar(&v.id, "id", "", "`column` with the custom IDs, or text with {column} in it (default: the custom_id of the template, or else column custom_id)")
	flags.BoolVar(&v.number, "number", false, "use row-1, row-2 and so on as custom IDs")
	flags.StringVar(&v.files, "files", "", "`directory` of the images and PDFs (default: the directory of the table)")
	flags.StringVar(&v.separator, "separator", "", "`character` between the cells of a table, or the word tab (default: detected)")
	flags.BoolVar(&v.noQuotes, "no-quotes", false, "treat quotes in the table as ordinary characters")
	flags.StringArrayVar(&v.models, "model", nil, "`model` to use, or NAME=MODEL for requests with the model NAME; may be repeated")
	flags.Int64Var(&v.maxTokens, "max-tokens", convert.DefaultMaxTokens, "`number` of tokens for requests of OpenAI's Batch API that set no maximum")
	flags.StringVar(&v.join, "join", "", "`table` that the requests were made from, whose columns come before the results")
	flags.StringSliceVar(&v.fields, "fields", nil, "`names` of properties of JSON answers to write as columns, separated by commas")
	flags.BoolVar(&v.mark, "bom", false, "start the CSV with a byte order mark, which Excel needs")
	flags.BoolVar(&v.raw, "formulas", false, "write cells that look like formulas unchanged")
	flags.BoolVar(&v.partial, "partial", false, "write the output even if rows or lines were refused")
	flags.StringVar(&v.notesFile, "notes", "", "`file` for JSON Lines, one for each part that could not be carried over")
	_ = c.RegisterFlagCompletionFunc("from", cobra.FixedCompletions([]string{"table", "openai", "json", "results"}, cobra.ShellCompDirectiveNoFileComp)) // the flag exists
	c.RunE = func(c *cobra.Command, args []string) error { return v.run(c.Context(), args[0]) }
	return c
}

// run converts a file.
func (v *convertCall) run(ctx context.Context, name string) error {
	if v.output == "-" {
		v.output = ""
	}
	if v.json && v.output == "" {
		return cli.Wrong("--json needs -o FILE, because the converted file goes to standard output")
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	in, err := v.open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	buffered := bufio.NewReaderSize(untilDone{ctx, in}, 64<<10)
	head, err := buffered.Peek(64 << 10)
	if err != nil && err != io.EOF {
		return err
	}
	work, err := v.conversion(name, convert.Format(v.from), head)
	if err != nil {
		return err
	}
	if v.output != "" && isSame(in, v.output) {
		return cli.Wrong("-o is the input file: name another one")
	}
	var notes convert.Notes
	closeNotes, err := v.openNotes(&notes)
	if err != nil {
		return err
	}
	var input io.Reader = buffered
	if v.join != "" {
		input = in // a file, because it is read twice
	}
	report := &conversionReport{Input: name, Output: v.output, Format: work.format}
	report.kept, err = writeOutput(v.Out, v.output, func(w io.Writer) (keep bool, err error) {
		report.Summary, err = work.run(w, input, &notes)
		if report.Refused = notes.Count(convert.Refused); err != nil && name != "-" {
			err = fmt.Errorf("%s: %w", name, err)
		}
		return err == nil && (report.Refused == 0 || v.partial), err
	})
	err = errors.Join(err, closeNotes())
	if ctx.Err() != nil {
		return &cli.ExitError{Status: cli.Stopped, Err: errors.New("interrupted; nothing was written")}
	}
	report.Notes = notes.Groups()
	return v.report(report, err)
}

// open opens the input. With --join, the file that it returns can be read more than once.
func (v *convertCall) open(name string) (*os.File, error) {
	if name != "-" {
		return os.Open(name)
	}
	if f, ok := v.In.(*os.File); ok {
		if info, err := f.Stat(); v.join == "" || err == nil && info.Mode().IsRegular() {
			return f, nil
		}
	}
	return spool(v.In)
}

// spool copies a stream to an unnamed temporary file.
func spool(r io.Reader) (*os.File, error) {
	f, err := os.CreateTemp("", "messagebatches-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // some systems do not allow this: there the file remains
	_, err = io.Copy(f, r)
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	return f, err
}

// An untilDone is a reader that fails when its context ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

func isSame(f *os.File, name string) bool {
	a, errA := f.Stat()
	b, errB := os.Stat(name)
	return errA == nil && errB == nil && a.Mode().IsRegular() && os.SameFile(a, b)
}

// openNotes makes n write each note to the file of --notes.
func (v *convertCall) openNotes(n *convert.Notes) (closeNotes func() error, err error) {
	if v.notesFile == "" {
		return func() error { return nil }, nil
	}
	f, err := os.OpenFile(v.notesFile, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	w := bufio.NewWriter(f)
	e := json.NewEncoder(w)
	n.Each = func(note convert.Note) error { return e.Encode(note) }
	return func() error { return errors.Join(w.Flush(), f.Close()) }, nil
}

// writeOutput calls write with a file, or with standard output if name is empty. The file gets its name only if write
// succeeds and asks to keep it. A file that is not regular, such as a device, is written directly. Kept reports whether what
// was written is in the output.
func writeOutput(stdout io.Writer, name string, write func(io.Writer) (keep bool, err error)) (kept bool, err error) {
	if name == "" {
		_, err := write(stdout)
		return err == nil, err
	}
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return false, fmt.Errorf("-o %s is a directory: name a file", name)
	case err == nil && !info.Mode().IsRegular():
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return false, err
		}
		_, err = write(f)
		err = errors.Join(err, f.Close())
		return err == nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return false, err
	}
	keep, err := write(f)
	if err = errors.Join(err, f.Close()); err != nil || !keep {
		return false, errors.Join(err, os.Remove(f.Name()))
	}
	if info != nil {
		_ = os.Chmod(f.Name(), info.Mode().Perm()) // otherwise only its owner can read it
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return false, errors.Join(err, os.Remove(f.Name()))
	}
	return true, nil
}

// A conversion converts the input.
type conversion struct {
	format convert.Format
	run    func(w io.Writer, r io.Reader, n *convert.Notes) (convert.Summary, error)
}

// conversion chooses the conversion, and refuses flags that do not apply to it.
func (v *convertCall) conversion(name string, format convert.Format, head []byte) (*conversion, error) {
	if format == "" {
		format = convert.Detect(head)
	}
	if err := v.unused(format); err != nil {
		return nil, err
	}
	switch format {
	case convert.FormatTable:
		o, err := v.rowOptions(name)
		return &conversion{format, func(w io.Writer, r io.Reader, n *convert.Notes) (convert.Summary, error) {
			return convert.Rows(w, r, o, n)
		}}, err
	case convert.FormatOpenAI:
		o := convert.OpenAIOptions{Models: make(map[string]string), MaxTokens: v.maxTokens}
		for _, m := range v.models {
			from, to, ok := strings.Cut(m, "=")
			if !ok {
				from, to = "", m
			}
			o.Models[from] = to
		}
		if v.maxTokens < 1 {
			return nil, cli.Wrong("--max-tokens must be 1 or more, not %d", v.maxTokens)
		}
		return &conversion{format, func(w io.Writer, r io.Reader, n *convert.Notes) (convert.Summary, error) {
			return convert.OpenAI(w, r, o, n)
		}}, nil
	case convert.FormatJSON:
		return &conversion{format, convert.Array}, nil
	case convert.FormatResults:
		return &conversion{format, v.results}, nil
	case convert.FormatRequests:
		return nil, fmt.Errorf("%s: already one JSON object per line, which needs no conversion: check it with messagebatches validate", name)
	}
	return nil, cli.Wrong("--from must be table, openai, json or results, not %q", format)
}

// unused returns an error if a flag does not apply to a format.
func (v *convertCall) unused(format convert.Format) error {
	isTable, isResults, isOpenAI := format == convert.FormatTable, format == convert.FormatResults, format == convert.FormatOpenAI
	for _, f := range []struct {
		name       string
		set, means bool
	}{
		{"template", v.template != "", isTable},
		{"files", v.files != "", isTable},
		{"id", v.id != "", isTable || isResults && v.join != ""},
		{"number", v.number, isTable || isResults && v.join != ""},
		{"separator", v.separator != "", isTable || isResults},
		{"no-quotes", v.noQuotes, isTable || isResults && v.join != ""},
		{"model", len(v.models) > 0, isOpenAI},
		{"join", v.join != "", isResults},
		{"fields", len(v.fields) > 0, isResults},
		{"bom", v.mark, isResults},
		{"formulas", v.raw, isResults},
	} {
		if f.set && !f.means {
			return cli.Wrong("--%s does not apply to the format %s (if the file has another format, name it with --from)", f.name, format)
		}
	}
	return nil
}

func (v *convertCall) tableOptions(name string) (o table.Options, err error) {
	o.NoQuotes = v.noQuotes
	switch {
	case v.separator == "tab" || v.separator == `\t`:
		o.Separator = '\t'
	case v.separator != "":
		r, size := utf8.DecodeRuneInString(v.separator)
		if size != len(v.separator) {
			return o, cli.Wrong("--separator must be one character, or tab, not %q", v.separator)
		}
		o.Separator = r
	case strings.EqualFold(filepath.Ext(name), ".tsv"):
		o.Separator = '\t'
	}
	return o, nil
}

func (v *convertCall) rowOptions(name string) (o convert.RowOptions, err error) {
	if v.template == "" {
		return o, cli.Wrong("a table needs --template FILE: the params of a request in JSON, with {column} in its strings")
	}
	o.ID, o.Files = convert.RowID{Column: v.id, Number: v.number}, v.files
	if o.Files == "" && name != "-" {
		o.Files = filepath.Dir(name)
	}
	if o.Table, err = v.tableOptions(name); err == nil {
		o.Template, err = os.ReadFile(v.template)
	}
	return o, err
}

// results converts results.
func (v *convertCall) results(w io.Writer, r io.Reader, n *convert.Notes) (s convert.Summary, err error) {
	o := convert.ResultOptions{Fields: v.fields, Mark: v.mark, Raw: v.raw, ID: convert.RowID{Column: v.id, Number: v.number}}
	if o.Table, err = v.tableOptions(v.join); err != nil {
		return s, err
	}
	if v.join == "" {
		o.Separator = o.Table.Separator
		return convert.Results(w, r, o, n)
	}
	f, err := os.Open(v.join)
	if err != nil {
		return s, err
	}
	defer f.Close()
	o.Input = f
	if s, err = convert.Results(w, r, o, n); err != nil {
		err = fmt.Errorf("with %s: %w", v.join, err)
	}
	return s, err
}
