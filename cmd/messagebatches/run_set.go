package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// changedName is the name of the requests file in the directory of a job with --set.
const changedName = "requests.jsonl"

// input returns the name of the requests file that is sent.
func (r *runCall) input() string {
	if r.changed != "" {
		return r.changed
	}
	return r.file
}

// applySet writes the requests with the parameters of --set into the directory of the job. Once the job has started, it
// only checks that they are the same.
func (r *runCall) applySet(ctx context.Context, begun bool) error {
	name := filepath.Join(r.dir, changedName)
	_, err := os.Stat(name)
	switch {
	case len(r.set) == 0 && begun && err == nil:
		return fmt.Errorf("%s was started with --set: run the same command with --set to continue it", r.dir)
	case len(r.set) == 0:
		return nil
	}
	set, err := parseSet(r.set)
	if err != nil {
		return err
	}
	in, err := os.Open(r.file)
	if err != nil {
		return err
	}
	defer in.Close()
	if r.changed = name; begun {
		return r.checkSet(&cancelable{ctx, in}, name, set)
	}
	if r.dryRun {
		dir, err := os.MkdirTemp("", "messagebatches-")
		if err != nil {
			return err
		}
		r.changed = filepath.Join(dir, changedName)
	} else if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return err
	}
	return writeFile(r.changed, func(w io.Writer) error { return changeLines(w, &cancelable{ctx, in}, r.file, set) })
}

// removeDry removes the requests that a dry run with --set has written.
func (r *runCall) removeDry() {
	if r.changed != "" {
		_ = os.RemoveAll(filepath.Dir(r.changed))
	}
}

// writeFile writes a file. If it fails, the file is left as it was.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".tmp-*") // with mode 0600
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	err = write(out)
	if err == nil {
		err = errors.Join(out.Flush(), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// checkSet compares the requests with those that were written when the job started.
func (r *runCall) checkSet(in io.Reader, name string, set map[string]json.RawMessage) error {
	old, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s was started without --set: omit it", r.dir)
	}
	if err != nil {
		return err
	}
	defer old.Close()
	was, now := sha256.New(), sha256.New()
	if _, err := io.Copy(was, old); err != nil {
		return err
	}
	if err := changeLines(now, in, r.file, set); err != nil {
		return err
	}
	if !bytes.Equal(was.Sum(nil), now.Sum(nil)) {
		return fmt.Errorf("%s was started with different requests or a different --set: start another job in another directory with --job", r.dir)
	}
	return nil
}

// parseSet parses parameters of the form NAME=VALUE. A value that is not JSON is a string.
func parseSet(texts []string) (map[string]json.RawMessage, error) {
	set := make(map[string]json.RawMessage)
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, cli.Wrong("--set: %q is not NAME=VALUE, such as model=claude-haiku-4-5 or max_tokens=500", text)
		}
		raw := json.RawMessage(value)
		if !json.Valid(raw) {
			raw, _ = json.Marshal(value)
		}
		set[name] = raw
	}
	return set, nil
}

// changeLines writes lines of requests with some of their parameters replaced. A line that is not a request is written
// unchanged: the check reports it.
func changeLines(w io.Writer, in io.Reader, name string, set map[string]json.RawMessage) error {
	lines := bufio.NewReaderSize(in, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			if _, err := w.Write(append(changeLine(bytes.TrimRight(line, "\r\n"), set), '\n')); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
}

func changeLine(line []byte, set map[string]json.RawMessage) []byte {
	var request, params map[string]json.RawMessage
	if json.Unmarshal(line, &request) != nil || json.Unmarshal(request["params"], &params) != nil || params == nil {
		return line
	}
	maps.Copy(params, set)
	request["params"] = marshal(params)
	return marshal(request)
}

// marshal writes JSON without escapes for HTML. The maps here cannot fail.
func marshal(v map[string]json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
