package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// An outputFile is a results file.
type outputFile struct {
	flag  string // that names it
	given string // its name in the call
	name  string // its absolute name
}

// setOutputs makes the names of the results files absolute, so that the command works from any directory.
func (r *runCall) setOutputs() (err error) {
	o := &r.options
	if o.Output == "-" {
		return cli.Wrong("-o must name a file: messagebatches job results writes the finished results to standard output")
	}
	for _, f := range []struct {
		flag string
		name *string
	}{{"-o", &o.Output}, {"--errors", &o.Errors}} {
		given := *f.name
		if given == "" {
			continue
		}
		if *f.name, err = filepath.Abs(given); err != nil {
			return err
		}
		r.outputs = append(r.outputs, outputFile{f.flag, given, *f.name})
	}
	if o.Errors == o.Output {
		return cli.Wrong("--errors and -o name the same file: choose another one")
	}
	return nil
}

// shownOutput returns the name of a results file as the user gave it.
func (r *runCall) shownOutput(name string) string {
	for _, f := range r.outputs {
		if f.name == name {
			return f.given
		}
	}
	return name
}

// checkOutputs returns an error if the results cannot be written. It runs before anything is sent, because after a day it
// would be too late. A file that is not empty is replaced only if this job wrote it.
func (r *runCall) checkOutputs() error {
	own, err := r.ownOutputs()
	if err != nil {
		return err
	}
	for _, f := range r.outputs {
		if err := f.check(r.file, slices.Contains(own, f.name)); err != nil {
			return err
		}
	}
	return nil
}

func (f outputFile) check(input string, own bool) error {
	info, err := os.Stat(f.name)
	in, inErr := os.Stat(input)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && info.IsDir():
		return cli.Wrong("%s is a directory: name a file with %s", f.given, f.flag)
	case err == nil && !info.Mode().IsRegular():
		return cli.Wrong("%s is not a regular file: name one with %s", f.given, f.flag)
	case err == nil && inErr == nil && os.SameFile(info, in):
		return cli.Wrong("%s names the requests file: choose another one", f.flag)
	case err == nil && info.Size() > 0 && !own:
		return cli.Wrong("%s exists and was not written by this job: name another file with %s, or remove it", f.given, f.flag)
	}
	probe, err := os.CreateTemp(filepath.Dir(f.name), ".messagebatches-*")
	if errors.Is(err, fs.ErrNotExist) {
		return cli.Wrong("there is no directory %s: create it, or name another file with %s", filepath.Dir(f.given), f.flag)
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", f.given, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// ownName returns the name of the file that lists the files which the job may replace.
func (r *runCall) ownName() string {
	if r.shared.database != "" {
		return r.dir + ".outputs"
	}
	return filepath.Join(r.dir, "outputs.json")
}

func (r *runCall) ownOutputs() (names []string, err error) {
	raw, err := os.ReadFile(r.ownName())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &names)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.ownName(), err)
	}
	return names, nil
}

// claimOutputs records the results files as the job's own.
func (r *runCall) claimOutputs() error {
	own, err := r.ownOutputs()
	if err != nil {
		return err
	}
	had := len(own)
	for _, f := range r.outputs {
		if !slices.Contains(own, f.name) {
			own = append(own, f.name)
		}
	}
	if len(own) == had {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(r.ownName()), 0o700); err != nil {
		return err
	}
	text, err := json.Marshal(own)
	if err != nil {
		return err
	}
	return writeFile(r.ownName(), func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(append(text, '\n')))
		return err
	})
}
