package jobs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A mutant is a mistake in the code.
type mutant struct {
	name, file, from, to string
	and                  [2]string // another replacement, from and to
	tests                string    // pattern of the tests that find it
}

// apply makes the mistake in a source text.
func (m mutant) apply(t *testing.T, text string) string {
	t.Helper()
	for _, edit := range [][2]string{{m.from, m.to}, m.and} {
		if edit[0] == "" {
			continue
		}
		if strings.Count(text, edit[0]) != 1 {
			t.Fatalf("%s does not have %q exactly once", m.file, edit[0])
		}
		text = strings.Replace(text, edit[0], edit[1], 1)
	}
	return text
}

// TestMutantsApply checks that all mutants still apply to the source.
func TestMutantsApply(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile(m.file)
			if err != nil {
				t.Fatal(err)
			}
			m.apply(t, string(source))
		})
	}
}

// heldByOthers is the second place of a rule.
var heldByOthers = [2]string{"v.blocked = true // until", "v.seen = v.seen // until"}

// mutants are mistakes in the protocol, most of which were made at some time. The tests of this package must find each.
var mutants = []mutant{
	{name: "time counts for each who looks", file: "doubt.go", from: "if a.Owner == e.owner {", to: "if a.Waited += more; a.Owner == e.owner {", tests: "TestSimulation"},
	{name: "no wait", file: "doubt.go", from: "late := a.Waited >= e.timing.margin+e.timing.lag", to: "late := true", tests: "TestSimulation"},
	{name: "one list", file: "doubt.go", from: "const emptyLists = 2", to: "const emptyLists = 1", tests: "TestListOmits"},
	{name: "two lists at once", file: "timing.go", from: "apart:     10 * time.Minute", to: "apart:     time.Minute", tests: "TestListOmits"},
	{name: "the closed set has only free candidates", file: "doubt.go", from: "v.seen = append(v.seen, found.ID)\n\t\t\tif c != nil && (c.Job != b.Job || c.Seq != b.Seq) {\n\t\t\t\tv.blocked = true", to: "if c == nil || c.Seq == b.Seq { v.seen = append(v.seen, found.ID) }\n\t\t\tif c != nil && (c.Job != b.Job || c.Seq != b.Seq) {\n\t\t\t\tv.blocked = true", tests: "TestSimulation"},
	{name: "the fence is not stored", file: "submit.go", from: "now.Fenced, now.Lease = tx.Now(), tx.Now().Add", to: "now.Lease = tx.Now().Add", tests: "TestSimulation"},
	{name: "the fence does not ask whose the attempt is", file: "submit.go", from: "if b.State != store.Submitting || b.Attempt != a.N || now.Owner != e.owner || now.Outcome != store.Undecided {", to: "if _ = b; false {", tests: "TestSimulation"},
	{name: "a batch takes what a late response names", file: "prove.go", from: "return b.Attempt == n || newest.Fenced.IsZero()", to: "return true", tests: "TestProve"},
	{name: "a spare is forgotten", file: "prove.go", from: "if c.Role == store.Spare {\n\t\t\tc.Role = store.Ours", to: "if false {\n\t\t\tc.Role = store.Ours", tests: "TestSpare"},
	{name: "an old refusal counts", file: "prove.go", from: "if b.Attempt != n {\n\t\treturn nil\n\t}", to: "", tests: "TestEarlierAttemptRefused"},
	{name: "no sync", file: "disk.go", from: "err := u.Sync()", to: "var err error", tests: "TestCrashAnywhere"},
	{name: "no sync of the directory", file: "disk.go", from: "return u.disk.SyncDir(filepath.Dir(to))", to: "return nil", tests: "TestCrashAnywhere"},
	{name: "a dead program's attempt is sent again at once", file: "submit.go", from: "if a.Fenced.IsZero() {", to: "if true {", tests: "TestCrashAnywhere"},
	{name: "the attempt is stored after it was sent", file: "submit.go", from: "return errors.Join(tx.PutBatch(b), tx.PutAttempt(attempt))", to: "return nil", tests: "TestCrashAnywhere"},
	{name: "part and state in another order", file: "collect.go", from: `part, err = results.commit("parts/" + name)`, to: `part = store.File{Name: "parts/" + name, Lines: results.lines}`, tests: "TestCrashAnywhere"},
	{name: "explored: time counts from the beginning of the attempt", file: "doubt.go", from: "a.Waited += more", to: "a.Waited = max(more, tx.Now().Sub(a.Intent))", tests: "TestExplore$/^one_owner,_nobody_dies$"},
	{name: "explored: what others hold does not matter", file: "doubt.go", from: "v.blocked = v.blocked || other.Seq", to: "v.blocked = v.blocked && other.Seq", and: heldByOthers, tests: "TestExplore$/^one_owner,_two_batches_in_doubt,_step_by_step$"},
	{name: "explored: the fence compares clocks", file: "submit.go", from: "if b.State != store.Submitting || b.Attempt != a.N || now.Owner != e.owner || now.Outcome != store.Undecided {", to: "if _ = b; e.clock.now().wall.After(a.Lease) {", tests: "TestExplore$/^two_owners,_one_batch,_a_clock_is_behind,_step_by_step$"},
	{name: "a new attempt overwrites the token", file: "doubt.go", from: "a, err := tx.AttemptByNonce(w.job, w.seq, w.nonce)\n", to: "a, err := tx.AttemptByNonce(w.job, w.seq, w.nonce)\n\t\t\tif now, failed := tx.Batch(w.job, w.seq); err == nil && failed == nil && a.N != now.Attempt {\n\t\t\t\terr = store.ErrNotFound\n\t\t\t}\n", tests: "TestAcceptedTooLate"},
	{name: "explored: a token does not tell attempts apart", file: "doubt.go", from: "a, err := tx.AttemptByNonce(w.job, w.seq, w.nonce)\n", to: "now, err := tx.Batch(w.job, w.seq)\n\t\t\tif err != nil {\n\t\t\t\treturn err\n\t\t\t}\n\t\t\ta, err := tx.Attempt(w.job, w.seq, now.Attempt)\n", tests: "TestExplore$/^two_owners,_one_batch,_step_by_step$"},
	{
		name: "explored: one statement admits", file: "submit.go", from: "if open, err := e.admits(tx, b); err != nil || !open {", to: "if open, err := before, error(nil); err != nil || !open {",
		and: [2]string{"	err = e.update(ctx, was, func(tx store.Tx, b *store.Batch) error {\n\t\tattempt, wait = nil", "	before, err := e.mayFit(ctx, was)\n	if err != nil {\n		return nil, 0, err\n	}\n	err = e.update(ctx, was, func(tx store.Tx, b *store.Batch) error {\n\t\tattempt, wait = nil"}, tests: "TestExplore$/^one_owner,_two_batches,_one_may_wait$",
	},
}

// TestMutants checks that the tests find all mutants. It takes long, so it runs only if JOBS_MUTANTS is set.
func TestMutants(t *testing.T) { //nolint:paralleltest // each run takes all processors
	if os.Getenv("JOBS_MUTANTS") == "" {
		t.Skip("skipped without JOBS_MUTANTS: untested whether the tests find mistakes in the protocol")
	}
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			source, err := os.ReadFile(m.file)
			if err != nil {
				t.Fatal(err)
			}
			text := m.apply(t, string(source))
			dir := t.TempDir()
			changed, overlay := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
			original, err := filepath.Abs(m.file)
			if err != nil {
				t.Fatal(err)
			}
			replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
			if err != nil {
				t.Fatal(err)
			}
			write(t, changed, []byte(text))
			write(t, overlay, replace)
			c := exec.Command("go", "test", "-vet=off", "-overlay", overlay, "-count=1", "-timeout", "10m", "-run", m.tests, ".")
			c.Env = append(os.Environ(), "JOBS_MUTANTS=", "JOBS_SEEDS=2000", "JOBS_EXPLORE=400")
			began := time.Now()
			out, err := c.CombinedOutput()
			switch {
			case err == nil:
				t.Error("no test failed")
			case strings.Contains(string(out), "panic: test timed out"):
				t.Error("no test failed within the time-out")
			case strings.Contains(string(out), "build failed") || strings.Contains(string(out), "setup failed"):
				t.Errorf("it does not compile: %s", out)
			}
			t.Logf("%v: %.3000s", time.Since(began).Round(time.Second), whatFailed(out))
		})
	}
}

// whatFailed returns the output of the tests that failed, without markers.
func whatFailed(out []byte) string {
	var b strings.Builder
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(strings.TrimSpace(line), "---") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
