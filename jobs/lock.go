package jobs

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

var (
	// ErrLocked is the error for a job that another program is running.
	ErrLocked = errors.New("another program is running the job")

	// ErrCopied is the error for a directory that was copied or restored from a backup since the job last ran. The original
	// may be running elsewhere, and together they would send requests twice. If it will never run again, see [TakeOver].
	ErrCopied = errors.New("the directory of the job was copied or restored: the job may be running where it was before")
)

// A lock prevents a job from running twice at the same time. It ends with the process.
type lock struct{ file *os.File }

// A lockRecord is the content of the lock file. In a copy of the directory it does not match the file.
type lockRecord struct {
	Inode uint64 `json:"inode"`
	Born  int64  `json:"born"` // when the file was created, because inodes are reused; 0 if the file system does not say
	Runs  int64  `json:"runs"`
	Boot  string `json:"boot"`  // boot of the machine that last ran the job
	First int64  `json:"first"` // first run on that boot: earlier ones may still run elsewhere, whatever the lock says
}

// takeLock takes the lock of a job, and returns its record, which is zero if the file is new. If the error is [ErrCopied],
// the lock is taken, too, and the record is that of the original.
func takeLock(name string) (*lock, lockRecord, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, lockRecord{}, err
	}
	l := &lock{f}
	if err := lockSoon(f); err != nil {
		return nil, lockRecord{}, errors.Join(err, f.Close())
	}
	r, err := l.read()
	if err != nil && !errors.Is(err, ErrCopied) {
		return nil, lockRecord{}, errors.Join(err, f.Close())
	}
	return l, r, err
}

// read reads the record. If the error is [ErrCopied], it is the record of another file.
func (l *lock) read() (r lockRecord, err error) {
	raw, err := io.ReadAll(io.LimitReader(l.file, 1000))
	if err != nil || len(raw) == 0 {
		return r, err
	}
	if json.Unmarshal(raw, &r) != nil {
		return r, fmt.Errorf("%w (its lock is damaged)", ErrCopied)
	}
	inode, err := inodeOf(l.file)
	if err != nil {
		return r, err
	}
	if born := bornAt(l.file); inode != r.Inode || born != r.Born {
		return r, ErrCopied
	}
	return r, nil
}

// write records a run. First is the first one on this boot of this machine.
func (l *lock) write(runs, first int64) error {
	inode, err := inodeOf(l.file)
	if err != nil {
		return err
	}
	// The length is always the same, so that the file never mixes two records.
	_, err = l.file.WriteAt(fmt.Appendf(nil, `{"inode":%20d,"born":%20d,"runs":%20d,"boot":"%-16.16s","first":%20d}`+"\n", inode, bornAt(l.file), runs, bootID(), first), 0)
	return errors.Join(err, l.file.Sync())
}

func (l *lock) release() error { return l.file.Close() }

// lockSoon locks a file. It retries for a moment, because [Inspect] may be checking whether it is locked.
func lockSoon(f *os.File) error {
	for tries := 0; ; tries++ {
		err := lockFile(f)
		if !errors.Is(err, ErrLocked) || tries == 10 {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// bootID identifies the current boot of this machine: a lock says nothing about programs of another boot. On systems without
// a boot ID, it identifies the machine.
func bootID() string {
	name, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		host, _ := os.Hostname() // empty if that is unknown too
		name = []byte(host)
	}
	sum := sha256.Sum256(name)
	return hex.EncodeToString(sum[:8])
}
