package batchtest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"time"
)

// Listen serves HTTP/1.1 on a socket, for example "127.0.0.1:0", until stop or Close is called. URL then returns its
// address.
func (s *Service) Listen(address string) (stop func() error, err error) {
	return s.listen(address, nil)
}

// ListenTLS serves HTTP/2 and HTTP/1.1 over TLS on a socket, for example "127.0.0.1:0", until stop or Close is called.
// URL then returns its address. [Service.TLSClient] trusts its certificate. Over HTTP/2, a fault that drops the
// connection resets the stream.
func (s *Service) ListenTLS(address string) (stop func() error, err error) {
	return s.listen(address, &tls.Config{Certificates: []tls.Certificate{s.certificate()}, MinVersion: tls.VersionTLS12})
}

// listen serves over TLS if config is not nil.
func (s *Service) listen(address string, config *tls.Config) (stop func() error, err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute, IdleTimeout: 10 * time.Minute, ConnState: s.connState, TLSConfig: config}
	serve, scheme := server.Serve, "http"
	if config != nil {
		serve, scheme = func(l net.Listener) error { return server.ServeTLS(l, "", "") }, "https"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.url = scheme + "://" + l.Addr().String()
	s.servers = append(s.servers, server)
	go func() {
		err := serve(l)
		if !errors.Is(err, http.ErrServerClosed) && !s.reporter.errorf("%v", err) {
			panic(err)
		}
	}()
	return server.Close, nil
}

// connState tracks which connections are open.
func (s *Service) connState(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.connections[c] = true
	case http.StateClosed, http.StateHijacked:
		delete(s.connections, c)
	}
}

// DropConnections abruptly closes all client connections to sockets, idle or not. The service keeps listening.
func (s *Service) DropConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.connections {
		if t, ok := c.(*tls.Conn); ok {
			c = t.NetConn() // no TLS alert
		}
		c.Close()
	}
}

// Shutdown stops listening and waits for running calls to finish. If ctx ends first, it returns the error of ctx, and
// Close ends the remaining calls.
func (s *Service) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	servers := slices.Clone(s.servers)
	s.mu.Unlock()
	ended := make(chan error)
	for _, server := range servers {
		go func() { ended <- server.Shutdown(ctx) }()
	}
	var err error
	for range servers {
		err = cmp.Or(err, <-ended)
	}
	return err
}

// Close stops listening, ends late faults, and releases the state directory for the next service: later calls that
// would change it lose their connection. A service made by New is closed when its test ends.
func (s *Service) Close() {
	s.reporter.close()
	s.mu.Lock()
	servers := s.servers
	s.servers = nil
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	if s.batches.dir != nil {
		s.batches.dir.closed = true
	}
	s.mu.Unlock()
	s.late.Wait()
	for _, server := range servers { // without the lock: closing reports the state of connections
		server.Close()
	}
}
