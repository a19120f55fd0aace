//go:build !windows

package cli

import (
	"os"

	"golang.org/x/term"
)

// showsColor reports whether f is a terminal.
func showsColor(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
