package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// mostLines is how many lines there are below the bar.
const mostLines = 4

// liveLines are the lines of a terminal that move: a bar of settled requests, and lines below it.
type liveLines struct {
	out   *mpb.Progress
	bar   *mpb.Bar
	below [mostLines]*mpb.Bar // which have texts only
	now   atomic.Pointer[summary]
	began time.Time
}

func newLiveLines(w io.Writer) *liveLines {
	l := &liveLines{out: mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh(), mpb.WithRefreshRate(200*time.Millisecond)), began: time.Now()}
	l.now.Store(new(summary))
	l.bar = l.out.New(0, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.PrependDecorators(l.text(func(s *summary) string {
			if s.requests == 0 {
				return "dividing into batches "
			}
			return fmt.Sprintf("%s of %s settled ", cli.Thousands(s.settled), cli.Plural(s.requests, "request"))
		})),
		mpb.AppendDecorators(l.text(func(s *summary) string {
			if s.requests == 0 {
				return ""
			}
			return fmt.Sprintf(" %d%%  %s", s.settled*100/s.requests, cli.Duration(time.Since(l.began)))
		})))
	for i := range l.below {
		l.below[i] = l.out.New(0, mpb.NopStyle(), mpb.PrependDecorators(l.text(func(s *summary) string {
			if lines := s.lines(); i < len(lines) {
				return lines[i]
			}
			return ""
		})))
	}
	return l
}

// text returns a part of a line that is made of the summary.
func (l *liveLines) text(f func(*summary) string) decor.Decorator {
	return decor.Any(func(decor.Statistics) string { return f(l.now.Load()) })
}

func (l *liveLines) show(s summary) {
	l.now.Store(&s)
	l.bar.SetTotal(s.requests, false)
	l.bar.SetCurrent(s.settled)
}

// print prints a line above those that move.
func (l *liveLines) print(text string) { fmt.Fprintln(l.out, text) }

// end leaves the bar where it is and removes the lines below it.
func (l *liveLines) end() {
	for _, b := range l.below {
		b.Abort(true)
	}
	l.bar.Abort(false) // keeps the line
	l.out.Wait()
}
