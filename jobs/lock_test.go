package jobs

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestAnotherBoot: the lock is free, after a reboot or on another host. A batch that was not sent completely is resent when
// its lease has ended, because its program may still run elsewhere. After a lost response, the batch is looked for as usual.
func TestAnotherBoot(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		boot   string
		dies   point
		unsent int
		doubt  int
		least  time.Duration // until the requests are resent
	}{
		"unsent/same boot":    {dies: point{"before commit of (*engine).fence", 1}, unsent: 1},
		"unsent/another boot": {boot: "another", dies: point{"before commit of (*engine).fence", 1}, unsent: 1, least: 14 * time.Minute},
		"doubt/same boot":     {dies: afterFence, doubt: 1},
		"doubt/another boot":  {boot: "another", dies: afterFence, doubt: 1},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.die(tt.dies)
				began := time.Now()
				w.boot = tt.boot
				w.finish()
				batches := w.service.Batches()
				if len(batches) != 1 || w.kinds("unsent") != tt.unsent || w.kinds("doubt") != tt.doubt {
					t.Fatalf("%d batches, %d unsent, %d doubts", len(batches), w.kinds("unsent"), w.kinds("doubt"))
				}
				if after := batches[0].CreatedAt.Sub(began); tt.unsent > 0 && (after < tt.least || after > tt.least+2*time.Minute) {
					t.Errorf("it was resent after %v", after)
				}
			})
		})
	}
}

// TestLockRecord: a lock file distinguishes a copy from the original, even if the copy has the same inode.
func TestLockRecord(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), lockName)
	take := func() (lockRecord, error) {
		l, r, err := takeLock(name)
		if err == nil {
			err = l.write(7, 5)
		}
		if l != nil {
			err = errors.Join(err, l.release())
		}
		return r, err
	}
	if r, err := take(); err != nil || r != (lockRecord{}) {
		t.Fatalf("a new lock file has %+v, %v", r, err)
	}
	r, err := take()
	if err != nil || r.Runs != 7 || r.First != 5 || r.Boot != bootID() {
		t.Fatalf("got %+v, %v", r, err)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func([]byte){
		"another inode": func(raw []byte) { raw[len(`{"inode":`)+19] ^= 1 },
		"another birth": func(raw []byte) { raw[len(`{"inode":,"born":`)+39] ^= 1 },
		"damaged":       func(raw []byte) { raw[0] = '[' },
	} {
		changed := append([]byte(nil), raw...)
		change(changed)
		if err := os.WriteFile(name, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := take(); !errors.Is(err, ErrCopied) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}
