package batchtest

import "sync"

// TB is the part of testing.TB that New needs.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// A reporter reports to a test while the test runs; calls may outlive it.
type reporter struct {
	mu sync.Mutex
	t  TB
}

// errorf fails the test. It returns false if there is no test.
func (r *reporter) errorf(format string, args ...any) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.t == nil {
		return false
	}
	r.t.Errorf("batchtest: "+format, args...)
	return true
}

// report fails the test, if there is one, for a mistake in the test itself.
func (r *reporter) report(problem string) { r.errorf("%s", problem) }

// fatal ends the test. It panics if there is no test.
func (r *reporter) fatal(err error) {
	r.mu.Lock()
	t := r.t
	r.mu.Unlock()
	if t == nil {
		panic("batchtest: " + err.Error())
	}
	t.Helper()
	t.Fatalf("batchtest: %v", err)
}

// close stops reporting when the test ends.
func (r *reporter) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.t = nil
}
