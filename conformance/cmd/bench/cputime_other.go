//go:build !unix

package main

import "time"

var start = time.Now()

// cpuTime returns how long the program has run: how long the processors have worked for it is not known.
func cpuTime() time.Duration { return time.Since(start) }
