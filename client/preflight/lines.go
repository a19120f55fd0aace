package preflight

import (
	"io"
	"runtime"

	"github.com/seed-111a911e/messagebatches/internal/envelope"
	"github.com/seed-111a911e/messagebatches/internal/lines"
	"github.com/seed-111a911e/messagebatches/internal/parallel"
)

// MaxLine is the longest line that CheckLines takes, in bytes: no batch can hold a longer one.
const MaxLine = envelope.MaxBytes

// CheckLines checks a file of requests, one JSON object {"custom_id", "params"} a line; blank lines are passed over.
// Memory does not grow with the file, but for the ids and the issues. The error is that of reading r: the report is
// then about what was read.
//
// The batch's size is counted as the lines stand there, which is a little more than Create sends if they hold white
// space.
func CheckLines(r io.Reader, o Options) (*Report, error) {
	b := newBatch(o)
	var err error
	for p := range parallel.Map(2*runtime.GOMAXPROCS(0), lines.Blocks(r, MaxLine), b.checks.block) {
		b.join(p)
		err = p.err
	}
	return b.finish(), err
}

// block checks the lines of a block.
func (c *checks) block(bl lines.Block) *part {
	defer bl.Release()
	p := &part{checks: c, err: bl.Err}
	for number, line := range bl.Lines() {
		p.check(number, line)
	}
	return p
}
