package batchtest_test

import (
	"fmt"
	"log"

	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// A printedTest is a test that prints its errors, in place of a *testing.T.
type printedTest struct{ cleanup []func() }

func (t *printedTest) Helper()                           {}
func (t *printedTest) Cleanup(f func())                  { t.cleanup = append(t.cleanup, f) }
func (t *printedTest) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (t *printedTest) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }

// A test fails if the code never makes the call that should meet the fault.
func ExampleNew() {
	t := new(printedTest)
	service := batchtest.New(t, batchtest.WithDuration(0))
	service.Inject(batchtest.Create, batchtest.Fail(529, "overloaded_error", "Busy."))
	// The code under test does not create a batch.

	for _, f := range t.cleanup { // the test ends
		f()
	}
	// Output:
	// batchtest: a fault was injected into create, but the call that should meet it never came
}
