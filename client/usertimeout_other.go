//go:build !linux

package client

import "time"

func setUserTimeout(uintptr, time.Duration) {}
