package client_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"

	"github.com/seed-111a911e/messagebatches/client"
	"github.com/seed-111a911e/messagebatches/client/batchtest"
)

// TestUserTimeout checks that the kernel ends the connection of a create with a fence after a minute, and other connections
// after its default.
func TestUserTimeout(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		tls  bool
		opts []client.CallOption
		want int // milliseconds
	}{
		"fence":    {opts: []client.CallOption{client.WithFence(func() error { return nil })}, want: 60_000},
		"TLS":      {tls: true, opts: []client.CallOption{client.WithFence(func() error { return nil })}, want: 60_000},
		"no fence": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := batchtest.New(t)
			var mu sync.Mutex
			var conn *net.TCPConn
			listen, transport := s.Listen, &http.Transport{}
			if tt.tls {
				listen, transport = s.ListenTLS, s.TLSClient().Transport.(*http.Transport).Clone()
			}
			if _, err := listen("127.0.0.1:0"); err != nil {
				t.Fatal(err)
			}
			transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := new(net.Dialer).DialContext(ctx, network, address)
				mu.Lock()
				defer mu.Unlock()
				conn, _ = c.(*net.TCPConn)
				return c, err
			}
			got := -1
			s.Inject(batchtest.Create, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				mu.Lock()
				defer mu.Unlock()
				raw, err := conn.SyscallConn()
				if err == nil {
					err = raw.Control(func(fd uintptr) { got, _ = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, 18) })
				}
				if err != nil {
					t.Error(err)
				}
				next.ServeHTTP(w, r)
			})
			c := s.Client(client.WithBaseURL(s.URL()), client.WithHTTPClient(&http.Client{Transport: transport}))
			if _, err := c.Create(t.Context(), requests(1), tt.opts...); err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("the timeout is %d ms, want %d", got, tt.want)
			}
		})
	}
}
