package jobs

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/seed-111a911e/messagebatches/jobs/sqlite"
	"github.com/seed-111a911e/messagebatches/jobs/store"
)

// crashed runs a job in programs that die at the given points, one after the other, and then in one that runs to its end. It
// returns the points that the last program reached.
func crashed(t *testing.T, power bool, points ...point) (met []point, err error) {
	t.Helper()
	return crashedWith(t, func(*testing.T) store.Store { return store.NewMemory() }, power, points...)
}

func crashedWith(t *testing.T, open func(*testing.T) store.Store, power bool, points ...point) (met []point, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		const requests = 7
		w := newWorld(t, requests, open(t), Options{MaxRequests: 3})
		for _, p := range append(points, point{}) {
			f := newFuse(p)
			r, runErr := w.live(f)
			met = f.points
			switch {
			case f.dead:
				if power {
					w.disk.losePower()
				}
				err = w.duplicates()
			case runErr != nil:
				err = runErr
			default:
				err = w.check(r, requests)
			}
			if err != nil {
				for _, e := range w.events {
					t.Log(e.At.Format("02 15:04:05"), e.Kind, e.Seq, e.BatchID, e.Text)
				}
				return
			}
		}
	})
	return met, err
}

// TestCrashAnywhere kills a program at every point: before and after each commit, sync and rename, and in the middle of each
// body. The next program finishes the job, and the service accepts nothing twice.
func TestCrashAnywhere(t *testing.T) {
	t.Parallel()
	all, err := crashed(t, false)
	if err != nil {
		t.Fatal(err)
	}
	all = distinct(all)
	for _, power := range []bool{false, true} {
		for _, p := range all {
			if _, err := crashed(t, power, p); err != nil {
				t.Errorf("died at %v, loss of power %v: %v", p, power, err)
			}
		}
	}
	t.Logf("%d points, each with and without loss of power", len(all))
	for _, want := range []string{
		"before commit of (*engine).admit", "after commit of (*engine).admit", "before commit of (*engine).fence", "after commit of (*engine).fence",
		"body of POST , start", "body of POST , last byte", "response to POST ", "response body of POST , end",
		"before commit of (*engine).record", "after commit of (*engine).record", "before rename in (*engine).writePart", "after rename in (*engine).writePart",
	} {
		if !slices.Contains(all, point{want, 1}) {
			t.Errorf("missing point %q among %v", want, all)
		}
	}
}

// TestCrashWithSQLite kills programs at every point with the store that real programs use. The next program opens its files.
func TestCrashWithSQLite(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) store.Store {
		t.Helper()
		db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), databaseName))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	all, err := crashedWith(t, open, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.n > 1 || !strings.Contains(p.name, "commit") && !strings.Contains(p.name, "POST") {
			continue
		}
		if _, err := crashedWith(t, open, false, p); err != nil {
			t.Errorf("died at %v: %v", p, err)
		}
	}
}

// distinct omits the points of the fourth and later calls that only read.
func distinct(all []point) []point {
	return slices.DeleteFunc(slices.Clone(all), func(p point) bool { return p.n > 3 && strings.Contains(p.name, "GET") })
}

// TestCrashTwice kills two programs, one after the other, each at any point. JOBS_CRASH_PAIRS is the number of pairs to try,
// or "all".
func TestCrashTwice(t *testing.T) {
	t.Parallel()
	most := 250
	switch text := os.Getenv("JOBS_CRASH_PAIRS"); text {
	case "":
	case "all":
		most = math.MaxInt
	default:
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		most = n
	}
	first, err := crashed(t, false)
	if err != nil {
		t.Fatal(err)
	}
	var pairs [][2]point
	for _, p := range distinct(first) {
		second, err := crashed(t, false, p)
		if err != nil {
			t.Fatalf("died at %v: %v", p, err)
		}
		for _, q := range distinct(second) {
			pairs = append(pairs, [2]point{p, q})
		}
	}
	total := len(pairs)
	if most < total {
		rand.Shuffle(total, func(i, j int) { pairs[i], pairs[j] = pairs[j], pairs[i] })
		pairs = pairs[:most]
	}
	for i, p := range pairs {
		if _, err := crashed(t, i%2 == 1, p[0], p[1]); err != nil {
			t.Fatalf("died at %v and at %v, loss of power %v: %v", p[0], p[1], i%2 == 1, err)
		}
	}
	t.Logf("%d of %d pairs of points", len(pairs), total)
}
