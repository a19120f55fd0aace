// Command drift compares the contract with the official SDK and prints the differences, and whether the SDK has a newer
// release. Run it in the directory with drift-exceptions.txt.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/seed-111a911e/messagebatches/conformance/drift"
	"github.com/seed-111a911e/messagebatches/conformance/internal/contract"
)

const exceptions = "drift-exceptions.txt"

func main() {
	prune := flag.Bool("prune", false, "remove the lines of "+exceptions+" that no longer match anything")
	flag.Parse()
	if err := run(context.Background(), *prune); err != nil {
		fmt.Fprintln(os.Stderr, "drift:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, prune bool) error {
	text, err := os.ReadFile(exceptions)
	if err != nil {
		return err
	}
	report, err := drift.Compare(contract.Load())
	if err != nil {
		return err
	}
	report.Except(exceptions, string(text))
	if prune {
		if err := os.WriteFile(exceptions, []byte(report.Prune(exceptions, string(text))), 0o666); err != nil {
			return err
		}
	}
	fmt.Println(drift.Release(ctx))
	for _, d := range report.Differences {
		fmt.Println(d)
	}
	if n := len(report.Differences); n > 0 {
		return fmt.Errorf("%d differences", n)
	}
	fmt.Println("no drift:", report.Summary())
	return nil
}
