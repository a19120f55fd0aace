// Command foreign runs third-party tools on the contract and prints a line for each: name, version, findings, seconds.
// Run it in the folder conformance.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/seed-111a911e/messagebatches/conformance/foreign"
)

func main() {
	gates := flag.String("gate", "", "`names` of tools without findings, separated by commas; the others are reported")
	contract := flag.String("contract", "../openapi.yaml", "`file` to run them on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *contract, strings.Split(*gates, ",")); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "foreign:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, contract string, gates []string) error {
	root, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	contract, err = filepath.Abs(contract)
	if err != nil {
		return err
	}
	r := &foreign.Run{
		Contract: contract,
		Facts:    filepath.Join(root, "internal", "contract", "testdata", "inventory.json"),
		Newer:    filepath.Join(root, "internal", "contract", "testdata", "newer.json"),
		Folder:   filepath.Join(root, "conformance", "foreign"),
	}
	tools, err := foreign.Tools(r)
	if err != nil {
		return err
	}
	failed, err := r.All(ctx, os.Stdout, tools, gates)
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		return fmt.Errorf("findings of %s", strings.Join(failed, ", "))
	}
	return nil
}
