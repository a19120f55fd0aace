package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/seed-111a911e/messagebatches/client"
)

// A progress reports the status of a batch: on one line in a terminal, and otherwise with a line for each change.
type progress struct {
	out      io.Writer
	terminal bool
	live     bool
	began    time.Time
	last     client.ProcessingStatus
	shown    bool // the terminal's line is in use
}

func newProgress(out *os.File, live bool) *progress {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	return &progress{out: out, terminal: terminal, live: live, began: time.Now()}
}

// show is for client.OnPoll. It omits the counts, which are zero until the batch has ended.
func (p *progress) show(b *client.Batch) {
	text := fmt.Sprintf("%q after %s", b.ProcessingStatus, time.Since(p.began).Round(100*time.Millisecond))
	if p.live && !b.Ended() {
		text += fmt.Sprintf(", at most %s to go", time.Until(b.ExpiresAt).Round(time.Minute))
	}
	switch {
	case p.terminal:
		fmt.Fprint(p.out, "\r\x1b[K", text)
		p.shown = true
	case b.ProcessingStatus != p.last:
		fmt.Fprintln(p.out, text)
	}
	p.last = b.ProcessingStatus
}

// end moves the terminal to a new line.
func (p *progress) end() {
	if p.shown {
		fmt.Fprintln(p.out)
	}
}
