package jobs

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"strings"
	"sync"
)

// A memDisk is a disk in memory that can lose data that was not synced.
type memDisk struct {
	mu      sync.Mutex
	now     map[string]*memFile // by name
	durable map[string]*memFile // files that would survive a loss of power
	before  func(point string) error
	after   func(point string) error
	free    uint64
	full    func(name string) error // returns the error of writing to a part, or nil
}

type memFile struct {
	data   []byte
	synced []byte
}

func newMemDisk() *memDisk {
	nothing := func(string) error { return nil }
	return &memDisk{now: make(map[string]*memFile), durable: make(map[string]*memFile), before: nothing, after: nothing, free: 1 << 40}
}

// losePower discards everything that was not synced.
func (d *memDisk) losePower() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = maps.Clone(d.durable)
	for name, f := range d.now {
		f = &memFile{data: append([]byte(nil), f.synced...), synced: f.synced}
		d.now[name], d.durable[name] = f, f
	}
}

// do runs f between two points.
func (d *memDisk) do(point string, f func() error) error {
	if err := d.before(point); err != nil {
		return err
	}
	d.mu.Lock()
	err := f()
	d.mu.Unlock()
	if err != nil {
		return err
	}
	return d.after(point)
}

func (d *memDisk) put(name string, data string) {
	f := &memFile{data: []byte(data), synced: []byte(data)}
	d.now[name], d.durable[name] = f, f
}

func (d *memDisk) Open(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.now[name]
	if f == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memHandle{disk: d, file: f}, nil
}

func (d *memDisk) Create(name string) (file, error) {
	h := &memHandle{disk: d}
	err := d.do("create", func() error {
		h.file, h.name = new(memFile), name
		d.now[name] = h.file
		return nil
	})
	if err != nil {
		return nil, err
	}
	return h, nil
}

func (d *memDisk) Append(name string, at int64) (file, error) {
	h := &memHandle{disk: d}
	err := d.do("append", func() error {
		f := d.now[name]
		if f == nil {
			f = new(memFile)
			d.now[name] = f
		}
		if int64(len(f.data)) < at {
			return io.ErrUnexpectedEOF
		}
		f.data = append([]byte(nil), f.data[:at]...)
		h.file = f
		return nil
	})
	if err != nil {
		return nil, err
	}
	return h, nil
}

func (d *memDisk) Rename(from, to string) error {
	return d.do("rename", func() error {
		f := d.now[from]
		if f == nil {
			return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
		}
		delete(d.now, from)
		d.now[to] = f
		return nil
	})
}

func (d *memDisk) Remove(name string) error {
	return d.do("remove", func() error {
		if d.now[name] == nil {
			return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
		}
		delete(d.now, name)
		return nil
	})
}

func (d *memDisk) Mkdir(string) error { return nil }

func (d *memDisk) SyncDir(name string) error {
	return d.do("syncdir", func() error {
		maps.DeleteFunc(d.durable, func(file string, _ *memFile) bool { return path.Dir(file) == name && d.now[file] == nil })
		for file, f := range d.now {
			if path.Dir(file) == name {
				d.durable[file] = f
			}
		}
		return nil
	})
}

func (d *memDisk) List(name string) (names []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for file := range d.now {
		if path.Dir(file) == name {
			names = append(names, path.Base(file))
		}
	}
	return names, nil
}

func (d *memDisk) Free(string) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.free, nil
}

// A memHandle is an open file.
type memHandle struct {
	disk *memDisk
	file *memFile
	name string
	at   int64
}

func (h *memHandle) Read(p []byte) (int, error) {
	n, err := h.ReadAt(p, h.at)
	h.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (h *memHandle) ReadAt(p []byte, at int64) (int, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if at >= int64(len(h.file.data)) {
		return 0, io.EOF
	}
	n := copy(p, h.file.data[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (h *memHandle) Write(p []byte) (int, error) {
	err := h.disk.do("write", func() error {
		if h.disk.full != nil && strings.Contains(h.name, "/"+temporaries+"/") {
			if err := h.disk.full(h.name); err != nil {
				return err
			}
		}
		h.file.data = append(h.file.data, p...)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

func (h *memHandle) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekStart {
		return 0, errors.New("can only seek from the start")
	}
	h.at = offset
	return offset, nil
}

func (h *memHandle) Sync() error {
	return h.disk.do("sync", func() error {
		h.file.synced = append([]byte(nil), h.file.data...)
		return nil
	})
}

func (h *memHandle) Size() (int64, error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	return int64(len(h.file.data)), nil
}

func (h *memHandle) Close() error { return nil }
