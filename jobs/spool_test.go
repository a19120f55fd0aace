package jobs

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestReadAhead reads ranges of a file in and out of order, some longer than the read-ahead.
func TestReadAhead(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	whole := make([]byte, 5*aheadSize)
	for i := range whole {
		whole[i] = byte(random.Uint32())
	}
	d := newMemDisk()
	d.put("/file", string(whole))
	f, err := d.Open("/file")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var w readAhead
	at := int64(0)
	for range 5000 {
		if random.IntN(10) == 0 || at == int64(len(whole)) {
			at = random.Int64N(int64(len(whole)))
		}
		most := 1000
		if random.IntN(100) == 0 {
			most = 2 * aheadSize
		}
		length := min(random.IntN(most), len(whole)-int(at))
		got, err := w.read(f, int64(len(whole)), at, length)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, whole[at:at+int64(length)]) {
			t.Fatalf("%d bytes at %d are wrong", length, at)
		}
		at += int64(length)
	}
	if _, err := w.read(f, int64(len(whole)), int64(len(whole))-1, 2); err == nil {
		t.Error("a byte after the end was read")
	}
}
