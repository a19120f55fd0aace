package cli

import (
	"encoding/json"
	"io"
	"os"

	"golang.org/x/term"
)

// Streams are what a command reads and writes. Only data goes to Out; progress, questions, warnings and errors go to Err.
type Streams struct {
	In  io.Reader // standard input
	Out io.Writer // standard output
	Err io.Writer // standard error

	Color bool // Out shows colors
	Asks  bool // questions can be asked: In and Err are terminals
	Live  bool // Err is a terminal on which lines can be redrawn
}

// System returns the streams of this process. TERM=dumb turns off colors and redrawn lines, and NO_COLOR turns off colors.
func System() Streams {
	errTerminal := term.IsTerminal(int(os.Stderr.Fd()))
	dumb := isDumb(os.Getenv)
	return Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Color: wantsColor(os.Getenv) && showsColor(os.Stdout),
		Asks:  errTerminal && term.IsTerminal(int(os.Stdin.Fd())),
		Live:  errTerminal && !dumb && showsColor(os.Stderr),
	}
}

// wantsColor reports whether the environment allows colors.
func wantsColor(getenv func(string) string) bool {
	return getenv("NO_COLOR") == "" && !isDumb(getenv)
}

func isDumb(getenv func(string) string) bool { return getenv("TERM") == "dumb" }

// WriteJSON writes one JSON document on one line.
func (s Streams) WriteJSON(v any) error {
	e := json.NewEncoder(s.Out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
