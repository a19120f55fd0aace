//go:build !windows

package main

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-111a911e/messagebatches/cmd/internal/cli"
)

// TestServeEndsWithASignal is not parallel: the signal goes to the whole process.
func TestServeEndsWithASignal(t *testing.T) {
	url, stop := startServe(t)
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(url, "http://"), time.Second)
		if err != nil {
			break // the server no longer listens, although stop was not called
		}
		conn.Close()
	}
	if status, _ := stop(); status != cli.OK {
		t.Errorf("exit status %d", status)
	}
}
