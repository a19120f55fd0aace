package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newMan(*app) *cobra.Command {
	return &cobra.Command{
		Use: "man DIRECTORY", Short: "Write the man pages into a directory", Hidden: true,
		Long:    "Writes a man page for each command into a directory, which is created if it does not exist.",
		Example: "  messagebatches man ~/.local/share/man/man1",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			return doc.GenManTree(c.Root(), &doc.GenManHeader{Section: "1", Source: "messagebatches", Manual: "messagebatches"}, args[0])
		},
	}
}
