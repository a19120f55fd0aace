package jobs

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"

	"github.com/seed-111a911e/messagebatches/client"
)

// A Source is where the requests of a job come from.
type Source struct {
	name     string
	requests iter.Seq2[client.Request, error]
}

// Lines is a file of requests, one {"custom_id", "params"} a line, as [client.Client.CreateLines] takes them. Custom IDs
// may be any text that is not used twice in the file. The file must not change until the job is done.
func Lines(name string) Source { return Source{name: name} }

// Requests are values, which are first written to a file in the directory of the job. If that does not come to its end,
// the next run begins anew; afterwards they are not asked for again. An error of the sequence ends the run.
func Requests(requests iter.Seq2[client.Request, error]) Source { return Source{requests: requests} }

// spoolName is the file of requests that were values.
const spoolName = "input.jsonl"

// file returns the name of the file of requests in a job's directory, which it writes if there is none yet.
func (s Source) file(ctx context.Context, d disk, dir string) (string, error) {
	if s.requests == nil {
		return filepath.Abs(s.name)
	}
	name, err := filepath.Abs(filepath.Join(dir, spoolName))
	if err != nil {
		return "", err
	}
	if f, err := d.Open(name); err == nil {
		return name, f.Close()
	}
	err = writeFile(d, name, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 256<<10)
		var buf []byte
		n := 0
		for r, err := range s.requests {
			if err == nil {
				buf, err = r.AppendJSON(buf[:0])
			}
			if err == nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				return fmt.Errorf("request %d: %w", n, err)
			}
			if _, err := out.Write(append(buf, '\n')); err != nil {
				return err
			}
			n++
		}
		return out.Flush()
	})
	return name, err
}
