package cli

import (
	"os"
	"syscall"
)

// showsColor reports whether f is a console that understands escape sequences. It turns them on.
func showsColor(f *os.File) bool {
	const virtualTerminal = 0x4
	var mode uint32
	if syscall.GetConsoleMode(syscall.Handle(f.Fd()), &mode) != nil {
		return false
	}
	ok, _, _ := syscall.NewLazyDLL("kernel32.dll").NewProc("SetConsoleMode").Call(f.Fd(), uintptr(mode|virtualTerminal))
	return ok != 0
}
