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

// A Source provides the requests of a job. See [Lines] and [Requests].
type Source struct {
	name     string
	requests iter.Seq2[client.Request, error]
}

// Lines returns a [Source] that reads a JSON Lines file of requests, one {"custom_id", "params"} object per line, as for
// [client.Client.CreateLines]. Custom IDs may be any text, but must be unique in the file. The file must not change until
// the job is done.
func Lines(name string) Source { return Source{name: name} }

// Requests returns a [Source] of requests that are Go values. The first run writes them to a file in the directory of the
// job, and later runs do not iterate over them again. If writing is interrupted, the next run starts over. An error of the
// sequence ends the run.
func Requests(requests iter.Seq2[client.Request, error]) Source { return Source{requests: requests} }

// spoolName is the file to which Requests are written.
const spoolName = "input.jsonl"

// file returns the name of the file of requests. For values, it writes the file in the directory of the job if it does not
// exist.
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
