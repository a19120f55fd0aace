package batchtest

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
)

// The faults in this file let the service act and change the body of its response. They hold the whole body in memory.

// Rewrite changes the response's body.
func Rewrite(change func(body []byte) []byte) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.Write(change(hold(w, r, next)))
	}
}

// TruncateBytes ends the response's body after n bytes, as if it were complete.
func TruncateBytes(n int) Fault {
	return Rewrite(func(body []byte) []byte { return body[:min(n, len(body))] })
}

// DropBytes drops the connection after n bytes of the response's body.
func DropBytes(n int) Fault { return ThenDrop(TruncateBytes(n)) }

// Truncate ends the response's body after n lines, as if it were complete.
func Truncate(n int) Fault {
	return rewriteLines(func(lines [][]byte) [][]byte { return lines[:min(n, len(lines))] })
}

// Drop drops the connection after n lines of the response's body.
func Drop(n int) Fault { return ThenDrop(Truncate(n)) }

// Corrupt replaces line n of the response, counted from 0, with its first half.
func Corrupt(n int) Fault {
	return rewriteLine(n, func(line []byte) []byte { return append(line[:len(line)/2:len(line)/2], '\n') })
}

// Duplicate sends line n of the response, counted from 0, twice.
func Duplicate(n int) Fault {
	return rewriteLine(n, func(line []byte) []byte { return slices.Concat(line, line) })
}

// Lose omits line n of the response, counted from 0.
func Lose(n int) Fault {
	return rewriteLine(n, func([]byte) []byte { return nil })
}

// rewriteLine changes one line of the response. The line ends with its line break.
func rewriteLine(n int, change func(line []byte) []byte) Fault {
	return Rewrite(func(body []byte) []byte {
		lines := bytes.SplitAfter(body, []byte("\n"))
		if n >= len(lines)-1 {
			panic(fmt.Sprintf("there is no line %d in a response of %d lines", n, len(lines)-1))
		}
		lines[n] = change(lines[n])
		return bytes.Join(lines, nil)
	})
}

// Gateway replaces the response's body from line n on, counted from 0, with a line of a gateway, for example "upstream
// error" or a JSON error, and ends the body as if it were complete. The given line has no line break.
func Gateway(n int, line string) Fault {
	return rewriteLines(func(lines [][]byte) [][]byte {
		return append(slices.Clip(lines[:min(n, len(lines))]), []byte(line+"\n"))
	})
}

// Insert inserts a line of a gateway before line n of the response's body, counted from 0. The given line has no line
// break.
func Insert(n int, line string) Fault {
	return rewriteLines(func(lines [][]byte) [][]byte {
		return slices.Insert(lines, min(n, len(lines)), []byte(line+"\n"))
	})
}

// rewriteLines changes the lines of the response. Each ends with its line break.
func rewriteLines(change func(lines [][]byte) [][]byte) Fault {
	return Rewrite(func(body []byte) []byte {
		return bytes.Join(change(slices.Collect(bytes.Lines(body))), nil)
	})
}
