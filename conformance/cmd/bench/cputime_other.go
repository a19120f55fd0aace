//go:build !unix

package main

import "time"

var start = time.Now()

// cpuTime returns how long the program has run, because its processor time is unknown.
func cpuTime() time.Duration { return time.Since(start) }
