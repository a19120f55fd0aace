package index

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cespare/xxhash/v2"
)

// edge is the number of bytes at the beginning and the end of a file that are compared to recognize it.
const edge = 64 << 10

// A state identifies the contents of a file.
type state struct {
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mtime"`
	Head    uint64    `json:"head"`  // hash of the first bytes
	Tail    uint64    `json:"tail"`  // hash of the bytes before Next of the meta
	Rules   string    `json:"rules"` // hash of everything else that determines the records
}

// hashes returns the hashes of the first bytes and of those before end, at most edge bytes each.
func hashes(f io.ReaderAt, end int64) (head, tail uint64, err error) {
	part := func(from, to int64) (uint64, error) {
		h := xxhash.New()
		_, err := io.Copy(h, io.NewSectionReader(f, from, to-from))
		return h.Sum64(), err
	}
	if head, err = part(0, min(edge, end)); err == nil {
		tail, err = part(max(0, end-edge), end)
	}
	return head, tail, err
}

// rules returns the hash of everything other than the file that determines the records.
func (o Options) rules() string {
	b, _ := json.Marshal(o.Table) // cannot fail: only numbers and strings
	h := sha256.New()
	h.Write([]byte(magic + string(o.Kind) + "\n"))
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// indexPath returns the path of the index of a file.
func (x *Index) indexPath() (string, error) {
	path, err := filepath.Abs(x.path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(path + "\x00" + string(x.options.Kind)))
	return filepath.Join(x.options.Dir, hex.EncodeToString(sum[:12])+".index"), nil
}

// unused is how long an index is kept without being opened.
const unused = 30 * 24 * time.Hour

// sweep removes indexes that have not been opened for a month, and unfinished indexes.
func sweep(dir string, now time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !ours(info) || now.Sub(info.ModTime()) < unused {
			continue
		}
		_ = os.Remove(filepath.Join(dir, e.Name())) // another process may have removed it
	}
}

func ours(info fs.FileInfo) bool {
	ext := filepath.Ext(info.Name())
	return info.Mode().IsRegular() && (ext == ".index" || ext == ".part")
}
