package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/vbauerster/cupwriter"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// mostLines is the number of lines below the bar.
const mostLines = 4

// liveLines are the lines that are redrawn on a terminal: a bar of settled requests, and lines below it.
type liveLines struct {
	out   *mpb.Progress
	bar   *mpb.Bar
	below [mostLines]*mpb.Bar // text only
	now   atomic.Pointer[summary]
	began time.Time
}

func newLiveLines(w io.Writer) *liveLines {
	l := &liveLines{out: mpb.New(mpb.WithConsoleWriter(console(w)), mpb.WithAutoRefresh(), mpb.WithRefreshRate(200*time.Millisecond)), began: time.Now()}
	l.now.Store(new(summary))
	l.bar = l.out.New(0, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.PrependDecorators(l.text(func(s *summary, width int) string {
			switch {
			case s.requests == 0:
				return "dividing into batches "
			case width < narrow:
				return fmt.Sprintf("%s/%s ", cli.Thousands(s.settled), cli.Thousands(s.requests))
			}
			return fmt.Sprintf("%s of %s settled ", cli.Thousands(s.settled), cli.Plural(s.requests, "request"))
		})),
		mpb.AppendDecorators(l.text(func(s *summary, _ int) string {
			if s.requests == 0 {
				return ""
			}
			return fmt.Sprintf(" %d%%  %s", s.settled*100/s.requests, cli.Duration(time.Since(l.began)))
		})))
	for i := range l.below {
		l.below[i] = l.out.New(0, mpb.NopStyle(), mpb.PrependDecorators(l.text(func(s *summary, width int) string {
			if lines := s.lines(); i < len(lines) {
				return fit(lines[i], width)
			}
			return ""
		})))
	}
	return l
}

// text returns a part of a line that f makes from the summary and the number of free columns.
func (l *liveLines) text(f func(s *summary, width int) string) decor.Decorator {
	return decor.Any(func(s decor.Statistics) string { return f(l.now.Load(), s.AvailableWidth) })
}

// narrow is the number of columns below which the bar has a short text.
const narrow = 60

// fit shortens a line of ASCII to a number of columns.
func fit(line string, width int) string {
	if len(line) <= width {
		return line
	}
	return line[:max(0, width-3)] + "..."
}

// console returns a writer for lines that are redrawn.
func console(w io.Writer) mpb.ConsoleWriter {
	out := cupwriter.New(fromLineStart{w}, false)
	if f, ok := w.(*os.File); ok {
		out.SetTermFd(int(f.Fd()))
	}
	return out
}

// fromLineStart writes from the start of the current line: the terminal may have moved the cursor by echoing ^C.
type fromLineStart struct{ w io.Writer }

// Write implements io.Writer.
func (l fromLineStart) Write(p []byte) (int, error) {
	n, err := l.w.Write(append([]byte{'\r'}, p...))
	return max(0, n-1), err
}

func (l *liveLines) show(s summary) {
	l.now.Store(&s)
	l.bar.SetTotal(s.requests, false)
	l.bar.SetCurrent(s.settled)
}

// print prints a line above those that are redrawn.
func (l *liveLines) print(text string) { fmt.Fprintln(l.out, text) }

// end keeps the bar and removes the lines below it.
func (l *liveLines) end() {
	for _, b := range l.below {
		b.Abort(true)
	}
	l.bar.Abort(false) // keeps the line
	l.out.Wait()
}
