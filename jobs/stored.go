package jobs

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// A storedPart is a part in the directory of the job.
type storedPart struct {
	name  string // name of the blob
	seq   int64
	round int
	batch string // ID of the batch, as fileName returns it
	sum   string // beginning of its SHA-256
}

func (s *search) parts() (map[string]storedPart, error) {
	files, err := s.disk.List(filepath.Join(s.job.dir, "parts"))
	all := make(map[string]storedPart)
	for _, name := range files {
		if p, ok := parsePartName(name); ok && p.batch != "" {
			all[p.batch] = p
		}
	}
	return all, err
}

func (s *search) hasPart(id string) bool {
	parts, err := s.parts()
	_, ok := parts[fileName(id)]
	return err == nil && ok
}

// partName returns the beginning of the name of the part of a batch. It has all that is needed to use the part without a
// database.
func partName(b *store.Batch) string {
	return strconv.FormatInt(b.Seq, 36) + "-" + strconv.Itoa(b.Round) + "-" + fileName(b.BatchID)
}

func parsePartName(name string) (p storedPart, ok bool) {
	fields := strings.Split(name, "-")
	if len(fields) != 4 {
		return p, false
	}
	seq, err1 := strconv.ParseInt(fields[0], 36, 64)
	round, err2 := strconv.Atoi(fields[1])
	return storedPart{"parts/" + name, seq, round, fields[2], fields[3]}, err1 == nil && err2 == nil
}

// storedList returns the name of the list of requests with which a batch was sent, if it still exists and has those
// requests. It also has the requests that were changed before they were resent.
func (s *search) storedList(ctx context.Context, seq int64, indexes []int64) (string, error) {
	files, err := s.disk.List(filepath.Join(s.job.dir, "lists"))
	if err != nil {
		return "", err
	}
	for _, file := range files {
		first, sum, ok := strings.Cut(file, "-")
		if !ok || strings.Contains(sum, "-") || first != strconv.FormatInt(seq, 36) {
			continue
		}
		name, n, fits := "lists/"+file, 0, true
		for e, err := range readList(ctx, s.blobs, name) {
			if fits = fits && err == nil && n < len(indexes) && e.index == indexes[n]; !fits {
				break
			}
			n++
		}
		if !fits || n != len(indexes) {
			continue
		}
		f, err := s.disk.Open(filepath.Join(s.job.dir, "lists", file))
		if err != nil {
			continue
		}
		got, err := hashOf(f)
		if closeErr := f.Close(); err == nil && closeErr == nil && strings.HasPrefix(got, sum) {
			return name, nil
		}
	}
	return "", context.Cause(ctx)
}

// readStored returns the indexes of the requests of a part, or nil if it is damaged.
func (s *search) readStored(ctx context.Context, part storedPart, token wireID) (file store.File, indexes []int64, err error) {
	if part.name == "" || token.job != "" && (token.seq != part.seq || token.round != part.round) {
		return file, nil, nil
	}
	f, err := s.disk.Open(filepath.Join(s.job.dir, filepath.FromSlash(part.name)))
	if err != nil {
		return file, nil, nil // the results are read again
	}
	sum, err := hashOf(f)
	size, sizeErr := f.Size()
	if closeErr := f.Close(); err != nil || sizeErr != nil || closeErr != nil || !strings.HasPrefix(sum, part.sum) || len(part.sum) < 16 {
		return file, nil, nil // the results are read again
	}
	file = store.File{Name: part.name, Bytes: size, SHA256: sum}
	p, err := openPart(ctx, s.blobs, &store.Batch{Part: file})
	if err != nil {
		return store.File{}, nil, nil // the results are read again
	}
	defer p.close()
	for more := true; more; {
		file.Lines++
		p.batch.Part = file
		indexes = append(indexes, p.now.index)
		if more, err = p.next(); err != nil {
			return store.File{}, nil, context.Cause(ctx)
		}
	}
	return file, indexes, nil
}

// readPart reads the part that a job had before it was rebuilt into a spool, instead of the results on the server.
func (e *engine) readPart(ctx context.Context, b *store.Batch, indexes []int64, s *spool) error {
	p, err := openPart(ctx, e.blobs, b)
	if err != nil {
		return err
	}
	defer p.close()
	for more := true; more; {
		if at, ok := slices.BinarySearch(indexes, p.now.index); ok && p.now.grade != missing {
			item := client.ParseItem(p.now.raw, 0)
			if err := e.keepResult(s, at, &item); err != nil {
				return err
			}
		}
		if more, err = p.next(); err != nil {
			return err
		}
	}
	return nil
}
