package metrics

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Serve serves the metrics on an address, such as 127.0.0.1:9464, until the function that it returns is called. An address
// without a host, such as :9464, can only be reached from this machine. It returns the URL of the metrics.
func (m *Metrics) Serve(ctx context.Context, address string) (url string, end func(), err error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", nil, err
	}
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: m.handler(isLoopback(l.Addr().String())), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	go func() { _ = s.Serve(l) }() // ends on Close
	return "http://" + l.Addr().String() + "/metrics", func() { _ = s.Close() }, nil
}

// handler serves GET /metrics. If it is local, it refuses other host names, so that a web page in a browser of this machine
// cannot reach it through a name of its own (DNS rebinding).
func (m *Metrics) handler(local bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if local && !isLoopback(r.Host) {
			http.Error(w, "the host is not this machine", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// isLoopback reports whether an address, with or without a port, can only be reached from this machine.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
