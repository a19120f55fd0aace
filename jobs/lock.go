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
	// ErrLocked is the error of a job that another program is running.
	ErrLocked = errors.New("another program is running the job")

	// ErrCopied is the error of a directory that is not where the job was run last: it was copied, or restored from a
	// backup. The job may be running elsewhere, and two that run would send requests twice.
	ErrCopied = errors.New("the directory of the job was copied or restored: the job may be running where it was before")
)

// A lock keeps a job from being run twice. It ends with the process.
type lock struct{ file *os.File }

// A lockRecord is in the file of a lock: what a copy of the directory would not have.
type lockRecord struct {
	Inode uint64 `json:"inode"`
	Born  int64  `json:"born"` // when the file was created, 0 if the file system does not say: inodes are used again
	Runs  int64  `json:"runs"`
	Boot  string `json:"boot"`  // of the machine that ran the job last
	First int64  `json:"first"` // run on that boot: earlier ones may live elsewhere, whatever the lock says
}

// takeLock takes the lock of a job. The record is the zero record if the file is new, and says what it said before if the
// error is an [ErrCopied]: the lock is taken then.
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

// read reads the record, which is that of another file if the error is an [ErrCopied].
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
	// Always of the same length, so that it is never a mixture of two.
	_, err = l.file.WriteAt(fmt.Appendf(nil, `{"inode":%20d,"born":%20d,"runs":%20d,"boot":"%-16.16s","first":%20d}`+"\n", inode, bornAt(l.file), runs, bootID(), first), 0)
	return errors.Join(err, l.file.Sync())
}

func (l *lock) release() error { return l.file.Close() }

// lockSoon locks a file. It tries for a moment, because [Inspect] may be looking whether it is locked.
func lockSoon(f *os.File) error {
	for tries := 0; ; tries++ {
		err := lockFile(f)
		if !errors.Is(err, ErrLocked) || tries == 10 {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// bootID names this boot of this machine: locks say something about programs of the same one alone. Where a system does not
// name its boots it is that of the machine.
func bootID() string {
	name, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		host, _ := os.Hostname() // empty, if that cannot be told either
		name = []byte(host)
	}
	sum := sha256.Sum256(name)
	return hex.EncodeToString(sum[:8])
}
