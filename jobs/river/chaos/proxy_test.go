//go:build unix

package chaos

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A proxy forwards connections to the database, and can be cut.
type proxy struct {
	target string

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

// startProxy returns a proxy and its address.
func startProxy(t *testing.T, target string) (p *proxy, address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p = &proxy{target: target, conns: make(map[net.Conn]bool)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		p.setCut(true)
	})
	return p, l.Addr().String()
}

func (p *proxy) serve(c net.Conn) {
	defer c.Close()
	to, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer to.Close()
	p.mu.Lock()
	cut := p.cut
	p.conns[c], p.conns[to] = true, true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, c)
		delete(p.conns, to)
	}()
	if cut {
		return
	}
	done := make(chan struct{}, 2)
	go func() { _, _ = io.Copy(to, c); done <- struct{}{} }()
	go func() { _, _ = io.Copy(c, to); done <- struct{}{} }()
	<-done
}

// setCut refuses connections and closes existing ones, or allows them again.
func (p *proxy) setCut(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
	if cut {
		for c := range p.conns {
			_ = c.Close()
		}
	}
}
