package batchtest

import (
	"bufio"
	"io"
	"iter"
	"os"
)

// spooledLines are stored lines, in memory or in a file.
type spooledLines struct {
	memory [][]byte
	path   string // of the file; "" if they are in memory
}

// lines yields the lines, each with its line break. The slice is reused. An error is yielded last.
func (l *spooledLines) lines() iter.Seq2[[]byte, error] {
	kept := *l
	return func(yield func([]byte, error) bool) {
		for _, line := range kept.memory {
			if !yield(line, nil) {
				return
			}
		}
		if kept.path == "" {
			return
		}
		f, err := os.Open(kept.path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close()
		for in := bufio.NewReaderSize(f, 256<<10); ; {
			line, err := in.ReadBytes('\n')
			if err == io.EOF {
				return
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// A lineKeeper makes spooledLines.
type lineKeeper struct {
	spooledLines
	file *os.File // nil if they are in memory
	out  *bufio.Writer
	err  error
}

// newLineKeeper returns a lineKeeper that writes to a file of this name, or keeps lines in memory if path is empty.
func newLineKeeper(path string) *lineKeeper {
	k := &lineKeeper{spooledLines: spooledLines{path: path}}
	if path != "" {
		k.file, k.err = os.Create(path)
		k.out = bufio.NewWriterSize(k.file, 256<<10)
	}
	return k
}

// add adds a line, which must not be changed afterwards.
func (k *lineKeeper) add(line []byte) {
	if k.path == "" {
		k.memory = append(k.memory, line)
	} else if k.err == nil {
		_, k.err = k.out.Write(line)
	}
}

// close completes the lines.
func (k *lineKeeper) close() (spooledLines, error) {
	if k.file != nil {
		if err := k.out.Flush(); k.err == nil {
			k.err = err
		}
		if err := k.file.Close(); k.err == nil {
			k.err = err
		}
	}
	return k.spooledLines, k.err
}
