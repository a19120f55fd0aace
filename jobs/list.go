package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A Listing is a job in a directory.
type Listing struct {
	Dir    string  `json:"dir"`              // directory of the job
	Status *Status `json:"status,omitempty"` // nil if there is an Err
	Err    error   `json:"-"`                // why the status could not be read
}

// List returns the jobs in the subdirectories of a directory, ordered by name, and before them the job in the directory
// itself, if there is one. It does not look into deeper directories, and works whether or not programs are running the jobs.
func List(ctx context.Context, dir string) ([]Listing, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list of jobs: %w", err)
	}
	names := []string{dir}
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if info, err := os.Stat(name); err == nil && info.IsDir() { // follows links
			names = append(names, name)
		}
	}
	var all []Listing
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(name, descriptionName)); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		s, err := Inspect(ctx, name)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		all = append(all, Listing{name, s, err})
	}
	return all, nil
}
