package client

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"syscall"
	"time"
)

// userTimeout is how long the kernel keeps sending data that the other side does not acknowledge, on systems where that can
// be set. The default is about 15 minutes, even after the program has ended: a body could be completed that late.
const userTimeout = time.Minute

// withUserTimeout makes the kernel end the connection of a call after the userTimeout.
func withUserTimeout(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		var conn net.Conn = info.Conn
		if t, ok := conn.(*tls.Conn); ok {
			conn = t.NetConn()
		}
		socket, ok := conn.(syscall.Conn)
		if !ok {
			return
		}
		if raw, err := socket.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { setUserTimeout(fd, userTimeout) }) // best effort
		}
	}})
}
