// Command circles prints which files of packages use each other, and through which names:
//
//	go run ./internal/repotest/cmd/circles ./client ./client/batchtest
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/seed-111a911e/messagebatches/internal/repotest/circles"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) == 1 {
		log.Fatal("usage: circles directory...")
	}
	for _, dir := range os.Args[1:] {
		g, err := circles.Load(dir)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s:\n", dir)
		g.Report(os.Stdout)
		for _, err := range g.Errors {
			log.Printf("warning: %v", err)
		}
	}
}
