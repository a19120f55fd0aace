// Command drift compares the contract with the official SDK and prints what differs. It runs in the directory that
// holds drift-exceptions.txt.
package main

import (
	"fmt"
	"os"

	"github.com/seed-111a911e/messagebatches/conformance/drift"
	"github.com/seed-111a911e/messagebatches/internal/contract"
)

const exceptions = "drift-exceptions.txt"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "drift:", err)
		os.Exit(1)
	}
}

func run() error {
	text, err := os.ReadFile(exceptions)
	if err != nil {
		return err
	}
	report, err := drift.Compare(contract.Load())
	if err != nil {
		return err
	}
	report.Except(exceptions, string(text))
	for _, d := range report.Differences {
		fmt.Println(d)
	}
	if n := len(report.Differences); n > 0 {
		return fmt.Errorf("%d differences", n)
	}
	fmt.Println("no drift:", report.Summary())
	return nil
}
