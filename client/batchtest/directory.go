package batchtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// OpenState returns an option that stores the batches in a directory, which is created if it does not exist. The next
// service with the same directory has them too, even if this one was killed: a batch is stored before its create call
// gets a response. What tests set (answers, faults, keys) and the prompt cache are not stored. Requests and results are
// not held in memory, so that there may be any number of them. Only one service at a time may use the directory, and
// only one service the option. Files are not synced: they survive a crash of the process, but not of the machine. If
// the directory can no longer be written, calls panic.
func OpenState(dir string) (Option, error) {
	d := &directory{path: dir}
	state, records, err := d.open()
	if err != nil {
		return nil, err
	}
	return func(s *Service) { s.load(d, state, records) }, nil
}

// A directory holds the state of a service:
//
//	service.json       see serviceState
//	ID.json            the record of a batch
//	ID.requests.jsonl  its requests
//	ID.results.jsonl   its results, if they are stored
//
// A batch exists once its record does. Records are replaced atomically.
type directory struct {
	path   string
	closed bool // with its service: another service may write now
}

const (
	recordFile   = ".json"
	requestsFile = ".requests.jsonl"
	resultsFile  = ".results.jsonl"
	newFile      = ".new"
	incomingFile = "incoming-" // prefix of the file of requests that are not accepted yet
	serviceFile  = "service"
)

var errClosed = errors.New("the service is closed")

// serviceState is what a directory stores about the service itself.
type serviceState struct {
	Starts int64         // how many services have used the directory
	Ahead  time.Duration // the clock
	Stats  Stats
}

func (d *directory) file(id, kind string) string { return filepath.Join(d.path, id+kind) }

// requests returns the name of the file with a batch's requests, or "" if there is no directory.
func (d *directory) requests(id string) string {
	if d == nil {
		return ""
	}
	return d.file(id, requestsFile)
}

// results returns the name of the file with a batch's results, or "" if there is no directory.
func (d *directory) results(id string) string {
	if d == nil {
		return ""
	}
	return d.file(id, resultsFile)
}

// save writes a record.
func (d *directory) save(r *record) error { return d.write(r.ID, r) }

// write replaces a file atomically.
func (d *directory) write(id string, value any) error {
	if d.closed {
		return errClosed
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	path := d.file(id, recordFile)
	if err := os.WriteFile(path+newFile, text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+newFile, path)
}

// open creates the directory, or reads it and removes files that belong to no batch.
func (d *directory) open() (state serviceState, records []record, err error) {
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return state, nil, err
	}
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return state, nil, err
	}
	exists := make(map[string]bool)
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), recordFile)
		if !ok || id == serviceFile {
			continue
		}
		var r record
		if err := d.read(id, &r); err != nil {
			return state, nil, err
		}
		records = append(records, r)
		exists[id] = true
	}
	for _, e := range entries {
		name := e.Name()
		id, _, _ := strings.Cut(name, ".")
		orphan := !exists[id] && (strings.HasSuffix(name, requestsFile) || strings.HasSuffix(name, resultsFile))
		if orphan || strings.HasSuffix(name, newFile) {
			os.Remove(filepath.Join(d.path, name))
		}
	}
	if err := d.read(serviceFile, &state); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return state, nil, err
	}
	slices.SortFunc(records, func(a, b record) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return state, records, nil
}

func (d *directory) read(id string, value any) error {
	text, err := os.ReadFile(d.file(id, recordFile))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("%s: %w", d.file(id, recordFile), err)
	}
	return nil
}

// remove removes the files of a batch, its record first.
func (d *directory) remove(id string) error {
	err := os.Remove(d.file(id, recordFile))
	os.Remove(d.requests(id))
	os.Remove(d.results(id))
	return err
}

// mustKeep panics on an error: a service that cannot store its state must not respond.
func mustKeep(err error) {
	switch {
	case errors.Is(err, errClosed):
		panic(http.ErrAbortHandler)
	case err != nil:
		panic(fmt.Sprintf("cannot store the state of the service: %v", err))
	}
}
