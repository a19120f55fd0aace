package preflight

import (
	"bufio"
	"bytes"
	"io"
	"runtime"

	"github.com/seed-111a911e/messagebatches/internal/limits"
	"github.com/seed-111a911e/messagebatches/internal/lines"
	"github.com/seed-111a911e/messagebatches/internal/parallel"
)

// MaxLine is the longest line that CheckLines accepts, in bytes: no batch can hold a longer one.
const MaxLine = limits.MaxBytes

// CheckLines checks a file of requests, with one JSON object {"custom_id", "params"} per line. Blank lines and a UTF-8
// byte order mark at the start are skipped.
//
// A file in another format, such as a JSON array, CSV, a compressed file, results, or requests of another API, has one
// issue, with the rule [File]; the rest of it is not read, and Requests and Bytes are 0. The first 64 KiB decide.
//
// Memory does not grow with the file: it holds a few megabytes of the file, or its longest line, the issues that
// [Options.Max] allows, and 100,000 custom ids, or a million with [Options.Split]; duplicates are found among these. If
// reading r fails, CheckLines returns the error and a report of what was read.
//
// The batch's size is counted from the lines as they are, which is slightly more than Create sends if they contain
// white space.
func CheckLines(r io.Reader, o Options) (*Report, error) {
	b := newBatch(o)
	in := bufio.NewReaderSize(r, headSize)
	head, err := in.Peek(headSize)
	if !b.checks.disabled[File] {
		if issue := notRequests(head, err == io.EOF); issue != nil {
			return &Report{Issues: []Issue{*issue}}, nil
		}
	}
	b.empty = "the file is empty"
	if len(head) > 0 {
		b.empty = "all lines are blank"
	}
	var file io.Reader = in
	if err != nil && err != io.EOF {
		file = io.MultiReader(bytes.NewReader(head), failed{err}) // Peek has consumed the error
	}
	err = nil
	for p := range parallel.Map(2*runtime.GOMAXPROCS(0), lines.Blocks(file, MaxLine), b.checks.block) {
		b.join(p)
		err = p.err
	}
	return b.finish(), err
}

// block checks the lines of a block.
func (c *checks) block(bl lines.Block) *part {
	defer bl.Release()
	p := c.part()
	p.err = bl.Err
	for number, line := range bl.Lines() {
		before := len(p.found.issues)
		p.check(number, line)
		if len(p.found.issues) > before && p.found.issues[before].Rule == JSON {
			p.found.issues[before].Message = explain(line, p.found.issues[before].Message)
		}
	}
	return p
}

// failed is the rest of a file that cannot be read.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }
